#pragma once
// The one notion of time: nanoseconds of a monotonic clock, real or virtual (a loop's home says
// which).

#include <kettle/base/require.hpp>

// libstdc++'s <chrono> without calendars and formatting: 35 000 lines less for every user.
#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif

namespace kettle::inline KETTLE_ABI {

using duration = std::chrono::nanoseconds;

// Not std::chrono::steady_clock: under a virtual clock `now` is the loop's own time.
struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;
  // The time of the running loop (cached once per round of the loop when real), else
  // CLOCK_MONOTONIC.
  static time_point now() noexcept;
};

using time_point = clock::time_point;
inline constexpr time_point never = time_point::max();
inline constexpr time_point always = time_point::min();  // a deadline of a cancelled scope

// now + d without overflow: durations too long to matter give `never`.
constexpr time_point after(time_point from, duration d) noexcept {
  return d >= never - (from > time_point{} ? from : time_point{}) ? never : from + d;
}

}  // namespace kettle::inline KETTLE_ABI
