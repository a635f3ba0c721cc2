#pragma once
// A filter that makes the kernel refuse system calls to this thread and all it starts: io_uring as
// under Docker's and containerd's default profile, or what an older kernel lacks. For tests: it
// cannot be taken back, so install it in a child process.
//
//   if (fork() == 0) {
//     sys::deny_io_uring(EPERM);
//     sys::refuse_calls({{.call = SYS_epoll_pwait2, .error = ENOSYS}});
//   }
//
// Threads: the calling one, and those it makes afterwards.

#include "sys/fd.hpp"

#include <array>
#include <cstddef>
#include <initializer_list>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace kettle::inline KETTLE_ABI::sys {

// `call` fails with `error` where the low half of its argument, masked, is `value`; as it stands:
// whatever its arguments are.
struct refused_call {
  long call;
  int error;
  unsigned argument = 0, mask = 0, value = 0;
};

// 0, or -errno of a kernel that refuses the filter. At most 8 calls.
inline int refuse_calls(std::initializer_list<refused_call> calls) noexcept {
  constexpr std::size_t most = 8;
  if (calls.size() > most) return -E2BIG;
  std::array<sock_filter, 6 * most + 1> program;
  unsigned short length = 0;
  auto add = [&](sock_filter step) { program[length++] = step; };
  for (const refused_call& r : calls) {
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, unsigned(r.call), 0, 4));
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 unsigned(offsetof(seccomp_data, args) + 8 * r.argument)));
    add(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, r.mask));
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r.value, 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned(r.error) & SECCOMP_RET_DATA)));
  }
  add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{length, program.data()};
  // Without privileges a filter is only allowed to those who promise never to gain any.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return int(result_of(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)));
}

// io_uring_setup, _enter and _register then fail with this errno value (Docker: EPERM; gVisor:
// ENOSYS).
inline int deny_io_uring(int error_number) noexcept {
  return refuse_calls({{.call = SYS_io_uring_setup, .error = error_number},
                       {.call = SYS_io_uring_enter, .error = error_number},
                       {.call = SYS_io_uring_register, .error = error_number}});
}

}  // namespace kettle::inline KETTLE_ABI::sys
