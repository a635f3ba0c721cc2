#pragma once
// A child process by a descriptor that can never come to mean another process.
//
//   sys::unique_fd child = sys::pidfd_open(pid);       // readable when the process has ended
//   sys::pidfd_signal(child.get(), SIGTERM);
//   sys::exit_state how;
//   if (sys::pidfd_reap(child.get(), how) == 1) ...    // 1: ended and reaped, 0: still runs
//
// Threads: any; one reaps.

#include "sys/fd.hpp"

#include <csignal>

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

inline pid_t process_id() noexcept { return ::getpid(); }

inline unique_fd pidfd_open(pid_t pid) noexcept {  // always close-on-exec
  return unique_fd(int(::syscall(SYS_pidfd_open, pid, 0)));
}

inline int pidfd_signal(int pidfd, int signal) noexcept {
  return int(result_of(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)));
}

struct exit_state {
  int code = 0;    // exit status, when signal == 0
  int signal = 0;  // that killed it
  bool core_dumped = false;
};

inline int pidfd_reap(int pidfd, exit_state& how) noexcept {
  constexpr idtype_t by_pidfd = idtype_t(3);  // P_PIDFD, which older libc headers do not name
  siginfo_t info{};
  int r;
  do {
    r = int(result_of(::waitid(by_pidfd, id_t(pidfd), &info, WEXITED | WNOHANG)));
  } while (r == -EINTR);
  if (r < 0) return r;
  if (info.si_pid == 0) return 0;
  how = {};
  if (info.si_code == CLD_EXITED)
    how.code = info.si_status;
  else
    how.signal = info.si_status;
  how.core_dumped = info.si_code == CLD_DUMPED;
  return 1;
}

}  // namespace kettle::inline KETTLE_ABI::sys
