#pragma once
// The parking lot: who waits for what, keyed by the address of the thing.
//
//   lot_ticket t(mutex, "lock");               // counted before the word is looked at again
//   while (trylock(mutex) == EBUSY) if (t.wait(until) == wake::timed_out) return ETIMEDOUT;
//   ... unlock(mutex); lot_wake(mutex, 1);
//
// libc's objects keep libc's layout: a fiber tries the real operation and parks here only if it
// would have to wait, so threads that are no fibers still share them. What is woken tries again.
// Memory ordering: a waiter enters its bucket under the bucket's lock before it tries; a waker
// changes the word before it takes that lock. One of the two sees the other.
// A fiber of a loop waits there, as it does for anything of kettle's.
// Threads: waiting is for fibers; waking for any thread, and for signal handlers.

#include "green/host.hpp"

namespace kettle::inline KETTLE_ABI::green {

struct lot_bucket;

class lot_ticket final : host_desk {
 public:
  // `what` is the function, for reports. can_fail: the caller has an error for wake::hopeless.
  // `only` narrows whom a wake reaches: FUTEX_WAKE_BITSET's mask.
  lot_ticket(const void* key, const char* what, bool can_fail = false,
             std::uint32_t only = ~0u) noexcept;
  lot_ticket(const lot_ticket&) = delete;
  lot_ticket& operator=(const lot_ticket&) = delete;
  ~lot_ticket();

  // Parks until woken. Afterwards the ticket stands in the lot again, at the end of the line.
  wake wait(nanoseconds until, bool interruptible = false) noexcept;
  void again() noexcept { enter(); }  // back into the lot after a time-out
  // The same, but leaves the lot: for what is granted by being woken (conditions, futexes).
  wake wait_once(nanoseconds until, bool interruptible = false) noexcept;

 private:
  friend unsigned lot_wake(const void*, unsigned, std::uint32_t) noexcept;
  friend void lot_disturb() noexcept;
  void enter() noexcept;
  void take_out(lot_bucket& b) noexcept;
  bool withdraw() noexcept;  // false: a waker had taken it
  bool publish(host_wait* w) noexcept override;
  wake park_in_host(nanoseconds until) noexcept;
  wake park_here(nanoseconds until, bool interruptible) noexcept;

  const void* key_;
  const char* what_;
  fiber* who_;
  host_wait* in_host_ = nullptr;  // while a loop's fiber is parked
  std::uint32_t only_;
  bool can_fail_;
  bool inside_ = false;
  lot_ticket* next_ = nullptr;
  lot_ticket* before_ = nullptr;
};

// Wakes at most `most` of those who wait for `key`, oldest first; how many it woke.
unsigned lot_wake(const void* key, unsigned most, std::uint32_t only = ~0u) noexcept;
// Wakes everybody: for the rare case that nobody knows whom.
void lot_disturb() noexcept;
inline constexpr unsigned everybody = ~0u;

}  // namespace kettle::inline KETTLE_ABI::green
