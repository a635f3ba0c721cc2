#pragma once
// One alarm in a home's timer heap. Belongs to whoever waits; armed and disarmed on the home's own
// thread.

#include <kettle/base/clock.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class home;

class timer {
 public:
  using handler = void (*)(timer&) noexcept;
  explicit timer(handler fire) noexcept : fire_(fire) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  bool armed() const noexcept { return index_ != unarmed; }

  static constexpr std::uint32_t unarmed = ~0u;
  handler fire_;                   // called once, disarmed, when its time has come
  std::uint32_t index_ = unarmed;  // its place in the heap
  std::uint32_t turn_ =
      0;  // orders equal times (wraps: 4 billion timers apart it no longer matters)
};

// Equal times fire in the order in which they were armed.
void arm(home& at, timer& t, time_point when);
void disarm(home& at, timer& t) noexcept;  // harmless when it is not armed

}  // namespace kettle::inline KETTLE_ABI
