#pragma once
// System calls without libc: no errno, no locks, no thread-local state, no cancellation points.
//
//   long n = sys::raw_call(SYS_write, 2, text, length);     // >= 0, or -errno
//
// For code that runs where libc must not be entered: a fresh thread without a TLS block, a child
// between fork and exec, the freestanding runtime. This file includes nothing that needs libc's run
// time. Threads: any; async-signal-safe.

#include <kettle/base/require.hpp>

#include <sys/syscall.h>

namespace kettle::inline KETTLE_ABI::sys {

#if defined(__x86_64__)

inline long raw_call6(long number, long a, long b, long c, long d, long e, long f) noexcept {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");  // the kernel keeps everything else
  return result;
}

#elif defined(__aarch64__)

inline long raw_call6(long number, long a, long b, long c, long d, long e, long f) noexcept {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}

#else
#error "kettle knows the system calls of x86-64 and aarch64 only"
#endif

namespace detail {
template <class T> long raw_argument(T value) noexcept {
  if constexpr (__is_class(T))
    static_assert(!__is_class(T), "a system call takes numbers and pointers");
  else
    return (long)value;  // NOLINT: numbers and pointers alike
}
}  // namespace detail

template <class... Arguments> inline long raw_call(long number, Arguments... arguments) noexcept {
  static_assert(sizeof...(Arguments) <= 6, "a system call takes at most six arguments");
  long a[6] = {detail::raw_argument(arguments)...};
  return raw_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

inline long raw_write(int fd, const void* data, unsigned long size) noexcept {
  return raw_call(SYS_write, fd, data, size);
}
inline long raw_read(int fd, void* data, unsigned long size) noexcept {
  return raw_call(SYS_read, fd, data, size);
}
inline long raw_close(int fd) noexcept { return raw_call(SYS_close, fd); }
inline long raw_futex(void* word, int op, unsigned value, const void* timeout = nullptr) noexcept {
  return raw_call(SYS_futex, word, op, value, timeout, 0L, 0xffffffffu);
}
inline int raw_gettid() noexcept { return int(raw_call(SYS_gettid)); }
[[noreturn]] inline void raw_exit(int status) noexcept {
  for (;;) raw_call(SYS_exit_group, status);
}

}  // namespace kettle::inline KETTLE_ABI::sys
