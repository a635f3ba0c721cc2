// Runs a program on a kernel that lacks what older ones lack: it refuses, to it and all it starts,
//
//   old_kernel LACK[,LACK]... PROGRAM [ARGUMENT]...
//
//   guards       MADV_GUARD_INSTALL (Linux 6.13)
//   nowait       RWF_NOWAIT (on pipes and sockets about 6.15; here on everything)
//   epoll_pwait2 (5.11)
//   io_uring     as Docker's profile does
//   all          each of them
//
// Exit status: the program's; 2 usage; 77 the kernel refuses the filter.

#include "sys/seccomp.hpp"

#include <cstdio>
#include <sstream>
#include <string>

#include <sys/uio.h>
#include <unistd.h>

namespace {

using namespace kettle;

constexpr unsigned madv_guard_install = 102;  // Debian 12's headers are older than it

enum class outcome { refused, filter_denied, unknown };

outcome refuse(const std::string& lack) {
  bool all = lack == "all", known = all;
  int failed = 0;
  auto want = [&](const char* name) { return all || (lack == name && (known = true)); };
  if (want("guards"))
    failed |= sys::refuse_calls({{.call = SYS_madvise,
                                  .error = EINVAL,
                                  .argument = 2,
                                  .mask = ~0u,
                                  .value = madv_guard_install}});
  if (want("nowait"))
    for (long call : {SYS_preadv2, SYS_pwritev2})
      failed |= sys::refuse_calls({{.call = call,
                                    .error = EOPNOTSUPP,
                                    .argument = 5,
                                    .mask = RWF_NOWAIT,
                                    .value = RWF_NOWAIT}});
  if (want("epoll_pwait2"))
    failed |= sys::refuse_calls({{.call = SYS_epoll_pwait2, .error = ENOSYS}});
  if (want("io_uring")) failed |= sys::deny_io_uring(EPERM);
  if (!known) return outcome::unknown;
  return failed ? outcome::filter_denied : outcome::refused;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: old_kernel LACK[,LACK]... PROGRAM [ARGUMENT]...\n", stderr);
    return 2;
  }
  std::istringstream lacks(arguments[1]);
  for (std::string lack; std::getline(lacks, lack, ',');) {
    switch (refuse(lack)) {
      case outcome::refused: break;
      case outcome::unknown: return std::fprintf(stderr, "old_kernel: no '%s'\n", lack.c_str()), 2;
      case outcome::filter_denied:
        std::puts("SKIP: the kernel refuses the seccomp filter");
        return 77;
    }
  }
  ::execvp(arguments[2], arguments + 2);
  std::perror(arguments[2]);
  return 2;
}
