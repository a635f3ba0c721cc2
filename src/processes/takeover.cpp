// Takes a fork server over before main(), without a word in the program.
//
// glibc's start code calls __libc_start_main(main, ...), which runs the constructors and then main.
// Ours stands in front of it and hands on another main when the environment says that this is a
// server. The symbol is weak: a program linked fully statically gets glibc's own, and the start
// method `fork`. So does a plug-in of a foreign program: there ours is never called.
//
// This file needs nothing of the room unless the program uses processes: serve() is weak here.

#include "processes/server.hpp"

#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI {

[[gnu::weak]] void serve(pid_t client) noexcept;  // NOLINT: weak only here

namespace {

bool active = false;

const char* client_in(char** environment) noexcept {
  constexpr std::size_t n = sizeof server_variable - 1;
  for (; *environment; environment++)
    if (std::strncmp(*environment, server_variable, n) == 0 && (*environment)[n] == '=')
      return *environment + n + 1;
  return nullptr;
}

int server_main(int, char**, char** environment) {
  const char* client = client_in(environment);
  pid_t pid = client ? std::atoi(client) : 0;
  ::unsetenv(server_variable);  // the programs that workers start are not servers
  if (serve && pid > 0 && ::getppid() == pid) serve(pid);
  return 127;
}

}  // namespace

bool can_take_over() noexcept { return active; }

}  // namespace kettle::inline KETTLE_ABI

extern "C" {

using main_function = int (*)(int, char**, char**);
using start_function = int (*)(main_function, int, char**, void (*)(), void (*)(), void (*)(),
                               void*);

[[gnu::weak, gnu::visibility("default")]] int __libc_start_main(main_function main, int argc,
                                                                char** argv, void (*init)(),
                                                                void (*fini)(), void (*rtld_fini)(),
                                                                void* stack_end) {
  auto real = reinterpret_cast<start_function>(::dlsym(RTLD_NEXT, "__libc_start_main"));
  kettle::active = true;
  bool server = kettle::client_in(argv + argc + 1) != nullptr;
  return real(server ? kettle::server_main : main, argc, argv, init, fini, rtld_fini, stack_end);
}
}
