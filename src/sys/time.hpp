#pragma once
// CLOCK_MONOTONIC as kettle's time_point, and time_points as the kernel wants them.
//
//   time_point t = sys::monotonic_now();
//   timespec   s = sys::to_timespec(t + 5ms);      // absolute

#include <kettle/base/clock.hpp>
#include <kettle/base/seam.hpp>

#include <time.h>

namespace kettle::inline KETTLE_ABI::sys {

inline constexpr long ns_per_s = 1'000'000'000;

inline time_point monotonic_now() noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring())
      return time_point(duration(kettle::detail::seam::now_ns()));
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);  // the vDSO: no kernel entry; cannot fail
  return time_point(duration(t.tv_sec * ns_per_s + t.tv_nsec));
}

// Negative times (`always`) become 0: the kernel refuses them.
constexpr timespec to_timespec(duration d) noexcept {
  long ns = d.count() > 0 ? long(d.count()) : 0;
  return {ns / ns_per_s, ns % ns_per_s};
}
constexpr timespec to_timespec(time_point t) noexcept { return to_timespec(t.time_since_epoch()); }

// How long it is until t: never negative, and no overflow for `never` and `always`.
constexpr duration time_left(time_point now, time_point t) noexcept {
  return t <= now ? duration(0) : t - now;
}

}  // namespace kettle::inline KETTLE_ABI::sys
