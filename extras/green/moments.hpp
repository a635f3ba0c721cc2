#pragma once
// libc's ways to say until when, as one moment of CLOCK_MONOTONIC.
//
//   nanoseconds until = moment_of(CLOCK_REALTIME, *abstime);    // -1: not a valid time
//
// Threads: any.

#include "green/engine.hpp"

#include <time.h>

namespace kettle::inline KETTLE_ABI::green {

inline bool is_valid(const timespec& t) noexcept {
  return t.tv_nsec >= 0 && t.tv_nsec < 1'000'000'000;
}
inline nanoseconds duration_of(const timespec& t) noexcept {
  constexpr nanoseconds most = never / 1'000'000'000 / 4;  // some seventy years
  nanoseconds seconds = t.tv_sec < most ? t.tv_sec : most;
  return seconds < -most ? -most : seconds * 1'000'000'000 + t.tv_nsec;
}
inline timespec timespec_of(nanoseconds d) noexcept {
  if (d < 0) d = 0;
  return {d / 1'000'000'000, d % 1'000'000'000};
}
inline nanoseconds after(nanoseconds duration) noexcept { return monotonic_now() + duration; }
inline nanoseconds after_ms(int ms) noexcept {
  return ms < 0 ? never : after(nanoseconds(ms) * 1'000'000);
}
// A moment of another clock, as if nobody set that clock meanwhile.
inline nanoseconds moment_of(clockid_t clock, const timespec& t) noexcept {
  if (!is_valid(t)) return -1;
  timespec now;
  if (::clock_gettime(clock, &now) != 0) return -1;
  nanoseconds left = duration_of(t) - duration_of(now);
  return after(left > 0 ? left : 0);
}

}  // namespace kettle::inline KETTLE_ABI::green
