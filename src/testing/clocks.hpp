#pragma once
// Vector clocks: which steps of other threads a step has certainly seen.
//
// One entry a thread, counted up whenever the thread publishes. Two accesses race if neither's
// thread had seen the other's entry (Lamport 1978; used for races as in FastTrack, Flanagan and
// Freund, PLDI 2009).

#include <cstdint>

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI::testing::detail {

inline constexpr int most_threads = 30;  // played at once in one schedule

struct vector_clock {
  std::uint32_t seen[32] = {};

  void join(const vector_clock& o) noexcept {
    for (int i = 0; i < 32; i++) seen[i] = seen[i] > o.seen[i] ? seen[i] : o.seen[i];
  }
};

}  // namespace kettle::inline KETTLE_ABI::testing::detail
