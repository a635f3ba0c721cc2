// Says how often main() ran, and what a worker sees. With an argument, it waits first until that
// file is gone.
#include <kettle/kettle.hpp>

#include <cstdio>
#include <string>

#include <unistd.h>

static std::string built = std::string("const") + "ructed";
static bool main_ran = false;

static std::string look(int x) {
  return built + " " + std::to_string(x) + (main_ran ? ", after main" : ", before main");
}
static int parent(int) { return ::getppid(); }

int main(int argc, char** argv) {
  main_ran = true;
  std::printf("main\n");
  std::fflush(stdout);
  while (argc > 1 && ::access(argv[1], F_OK) == 0) ::usleep(1000);
  kettle::process_pool pool({.workers = 1});
  for (int i = 1; i <= 2; i++) std::printf("%s\n", pool.start(look, i).get().c_str());
  std::printf("%s\n", pool.start(parent, 0).get() == ::getpid() ? "our child" : "the server's");
}
