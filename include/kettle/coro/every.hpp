#pragma once
// every: a steady beat.
//
//   auto ticks = every(1s);
//   while (auto n = co_await ticks.next()) report();     // n: 1, or more when beats were missed
//
// Beats keep their phase (start + k * interval) and never overlap: what was missed is counted, not
// caught up.

#include <kettle/base/clock.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/task.hpp>

#include <cstdint>
#include <optional>

namespace kettle::inline KETTLE_ABI {

class ticks {
 public:
  // usage_error unless positive; the first beat is one interval from now.
  explicit ticks(any_duration interval);

  task<std::optional<std::uint64_t>> next() {
    co_await sleep_until(due_);
    auto beats = std::uint64_t((clock::now() - due_) / interval_) + 1;
    due_ += interval_ * std::int64_t(beats);
    co_return beats;
  }

 private:
  duration interval_;
  time_point due_;
};

inline ticks every(any_duration interval) { return ticks(interval); }

}  // namespace kettle::inline KETTLE_ABI
