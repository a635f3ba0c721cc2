#pragma once
// A filter that denies io_uring to this thread and all it starts, as Docker's and containerd's
// default profile do. For tests: it cannot be taken back, so install it in a child process.
//
//   if (fork() == 0) { sys::deny_io_uring(EPERM); ... }
//
// Threads: the calling one, and those it makes afterwards.

#include "sys/fd.hpp"

#include <cstddef>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace kettle::inline KETTLE_ABI::sys {

// io_uring_setup, _enter and _register then fail with this errno value (Docker: EPERM; gVisor:
// ENOSYS).
inline int deny_io_uring(int error_number) noexcept {
  static_assert(SYS_io_uring_enter == SYS_io_uring_setup + 1 &&
                SYS_io_uring_register == SYS_io_uring_setup + 2);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_uring_setup, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_io_uring_register, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned(error_number) & SECCOMP_RET_DATA)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter{sizeof program / sizeof program[0], program};
  // Without privileges a filter is only allowed to those who promise never to gain any.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return int(result_of(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)));
}

}  // namespace kettle::inline KETTLE_ABI::sys
