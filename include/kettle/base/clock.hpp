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
#include <ratio>
#include <type_traits>

namespace kettle::inline KETTLE_ABI {

using duration = std::chrono::nanoseconds;

// A duration as a caller gives it, in any unit. What nanoseconds cannot hold is cut to the longest,
// or the shortest, that they can: so hours::max() is for ever. A NaN is no time at all.
class any_duration {
 public:
  template <class Rep, class Period>
  explicit(false) constexpr any_duration(std::chrono::duration<Rep, Period> d) noexcept
      : value_(cut(d)) {}
  constexpr operator duration() const noexcept { return value_; }  // NOLINT: it is one

 private:
  template <class Rep, class Period>
  static constexpr duration cut(std::chrono::duration<Rep, Period> d) noexcept {
    using unit = std::ratio_divide<Period, std::nano>;
    __extension__ using wide =
        std::conditional_t<std::chrono::treat_as_floating_point_v<Rep>, long double, __int128>;
    if (d.count() != d.count()) return duration(0);
    auto ns = static_cast<wide>(d.count()) * unit::num / unit::den;
    if (ns >= static_cast<wide>(duration::max().count())) return duration::max();
    if (ns <= static_cast<wide>(duration::min().count())) return duration::min();
    return duration(static_cast<duration::rep>(ns));
  }

  duration value_;
};

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
