// The foreign program: its main() must run once.
#include <cstdio>

#include <dlfcn.h>

int main(int, char** argv) {
  std::printf("host\n");
  std::fflush(stdout);
  void* plugin = ::dlopen(argv[1], RTLD_NOW);
  if (!plugin) {
    std::printf("%s\n", ::dlerror());
    return 1;
  }
  auto use = reinterpret_cast<int (*)()>(::dlsym(plugin, "use_processes"));
  std::printf("%d\n", use());
}
