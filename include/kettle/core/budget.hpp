#pragma once
// One budget for each turn of a loop: how much happens between two looks at its mail, its timers
// and its I/O.
//
// Everything that a thread's contexts do spends from `tls.budget`: resuming one of them, switching
// from fiber to fiber, an operation that ends at once, the bytes that it moves. Awaiting a task
// spends nothing. When it is gone, whoever had the last of it goes to the end of the ready list,
// its operation granted, and the loop looks around. So code whose waits are always ready delays
// nobody for long, and meets its own deadline.
//
// Where resumes alone are counted (tokio's 61) a loop over a full channel is never counted; where
// operations alone are (tokio's cooperative budget) a reader of large blocks takes too much.

#include <kettle/base/thread_state.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

// A turn is 61 resumes, 244 operations, 244 KiB, or a mix. 61 is prime: no beat with batches of a
// power of two. Changed by tests only, before the first loop runs.
inline std::int32_t turn_budget = 61 * 4;
inline constexpr std::int32_t cost_of_resume = 4;
inline constexpr std::int32_t cost_of_operation = 1;

inline void spend(std::int32_t units) noexcept { tls.budget -= units; }
inline void spend_bytes(std::size_t moved) noexcept { tls.budget -= std::int32_t(moved >> 10); }
inline bool turn_is_over() noexcept { return tls.budget <= 0; }

}  // namespace kettle::inline KETTLE_ABI
