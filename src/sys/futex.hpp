#pragma once
// Sleeping on a 32-bit word of this process until another thread wakes it.
//
//   atomic<std::uint32_t> word{0};
//   while (word.load(acquire) == 0) sys::futex_wait(word, 0, until);     // one thread
//   word.store(1, release); sys::futex_wake(word, 1);                    // another
//
// Threads: any. futex_wake is async-signal-safe. A wait may end for no reason: look at the word
// again. Memory ordering: the calls give none that the C++ model knows; the word's own loads and
// stores carry it.

#include "sys/time.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>

#include <cerrno>
#include <climits>
#include <cstdint>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

// 0 woken, -EAGAIN the word was not `expected`, -EINTR a signal, -ETIMEDOUT. `until` is absolute.
inline int futex_wait(std::uint32_t* word, std::uint32_t expected,
                      time_point until = never) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring())
      return kettle::detail::seam::futex_wait(word, expected, until.time_since_epoch().count());
  timespec t = to_timespec(until);
  // WAIT_BITSET rather than WAIT: its timeout is absolute, so a wait that is retried does not
  // drift.
  long r = ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                     until == never ? nullptr : &t, nullptr, FUTEX_BITSET_MATCH_ANY);
  return r == -1 ? -errno : 0;
}
inline int futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected,
                      time_point until = never) noexcept {
  return futex_wait(word.address(), expected, until);
}

// How many threads were woken. Leaves errno alone, so that a signal handler may call it.
inline int futex_wake(std::uint32_t* word, int threads = INT_MAX) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::futex_wake(word, threads);
  int saved = errno;
  long r = ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads);
  if (r == -1) r = -errno;  // EFAULT when the word is gone already: the waker need not care
  errno = saved;
  return int(r);
}
inline int futex_wake(atomic<std::uint32_t>& word, int threads = INT_MAX) noexcept {
  return futex_wake(word.address(), threads);
}

// The same on a word in memory that several processes share; it may be mapped read-only here.
inline int futex_wait_shared(const std::uint32_t* word, std::uint32_t expected,
                             time_point until = never) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring())
      return kettle::detail::seam::futex_wait(word, expected, until.time_since_epoch().count());
  timespec t = to_timespec(until);
  long r = ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, until == never ? nullptr : &t,
                     nullptr, FUTEX_BITSET_MATCH_ANY);
  return r == -1 ? -errno : 0;
}
inline int futex_wake_shared(std::uint32_t* word, int threads = INT_MAX) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::futex_wake(word, threads);
  long r = ::syscall(SYS_futex, word, FUTEX_WAKE, threads);
  return r == -1 ? -errno : int(r);
}

// Between two looks at a word that will change very soon: lets the sibling hyperthread go on.
inline void relax() noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::relax();
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");  // as Rust does: `yield` is a no-op on most cores
#endif
}

// The same where that one may need this very core: another thread may run first.
inline void give_way() noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::relax();
  ::sched_yield();
}

// For what another thread is about to do. On a full machine it may need our core for that.
template <class Done> void spin_until(Done done) noexcept {
  constexpr int looks = 200;
  for (int i = 0; !done(); i++) i < looks ? relax() : give_way();
}

}  // namespace kettle::inline KETTLE_ABI::sys
