#pragma once
// A child process by a descriptor that can never come to mean another process.
//
//   sys::unique_fd child = sys::pidfd_open(pid);       // readable when the process has ended
//   sys::pidfd_signal(child.get(), SIGTERM);
//   sys::exit_state how;
//   if (sys::pidfd_reap(child.get(), how) == 1) ...    // 1: ended and reaped, 0: still runs
//
// -ECHILD: somebody else has reaped it (the program's own handler of SIGCHLD, or the kernel, where
// SIGCHLD is ignored), and the kernel does not know any more how it ended. Since 6.15 it does.
// Threads: any; one reaps.

#include "sys/fd.hpp"

#include <csignal>
#include <cstdint>

#include <sys/ioctl.h>
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

namespace detail {

inline constexpr idtype_t by_pidfd = idtype_t(3);  // P_PIDFD, which older libc headers do not name

// The first version of <linux/pidfd.h>'s pidfd_info.
struct pidfd_info {
  std::uint64_t mask, cgroup;
  std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;  // as wait() gives it; known from the moment somebody has reaped it
};
static_assert(sizeof(pidfd_info) == 64);

// 1, or -ECHILD.
inline int exit_of_reaped(int pidfd, exit_state& how) noexcept {
  constexpr std::uint64_t with_exit = 1 << 3;
  pidfd_info info{};
  info.mask = with_exit;
  if (::ioctl(pidfd, _IOWR(0xff, 11, pidfd_info), &info) < 0 || !(info.mask & with_exit))
    return -ECHILD;
  how = {};
  if (WIFSIGNALED(info.exit_code)) {
    how.signal = WTERMSIG(info.exit_code);
    how.core_dumped = WCOREDUMP(info.exit_code);
  } else {
    how.code = WEXITSTATUS(info.exit_code);
  }
  return 1;
}

}  // namespace detail

// Whether it is a child of ours that nobody has reaped; reaps nothing.
inline bool is_our_child(int pidfd) noexcept {
  siginfo_t info{};
  int r;
  do {
    r = int(result_of(::waitid(detail::by_pidfd, id_t(pidfd), &info, WEXITED | WNOHANG | WNOWAIT)));
  } while (r == -EINTR);
  return r == 0;
}

inline int pidfd_reap(int pidfd, exit_state& how) noexcept {
  siginfo_t info{};
  int r;
  do {
    r = int(result_of(::waitid(detail::by_pidfd, id_t(pidfd), &info, WEXITED | WNOHANG)));
  } while (r == -EINTR);
  if (r == -ECHILD) return detail::exit_of_reaped(pidfd, how);
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
