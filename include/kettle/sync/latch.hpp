#pragma once
// latch: counts down once; at zero everybody who waits goes on.
//
//   latch done(3);
//   done.count_down();               // three times, from anywhere
//   co_await done.wait();
//
// Lifetime, cancellation, threads and memory order: as event, with count_down() for set().

#include <kettle/sync/event.hpp>

#include <cstddef>

namespace kettle::inline KETTLE_ABI {

class latch {
 public:
  explicit latch(std::size_t count) noexcept;

  void count_down(std::size_t by = 1);  // usage_error below zero
  std::size_t count() const noexcept { return count_.load(relaxed); }
  bool is_open() const noexcept { return open_.is_set(); }
  event_wait wait() noexcept { return open_.wait(); }

 private:
  atomic<std::size_t> count_;
  event open_;
};

}  // namespace kettle::inline KETTLE_ABI
