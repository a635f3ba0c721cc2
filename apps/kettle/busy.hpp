#pragma once
// Does anybody else want these cores just now? One spinning thread a usable core measures, for 20
// ms, the share of its time it stood in the run queue instead of running.
//
//   if (busy_share(look_at_machine().cores) > busy_limit) ...  // what was measured beside this is
//   worth little
//
// What it sees is the kernel's own account of each thread (/proc/thread-self/schedstat).

#include <cstdint>
#include <string_view>

namespace kettle::app {

inline constexpr double busy_limit = 0.10;

// The largest share over the spinning threads; 0 where the kernel keeps no account.
double busy_share(int cores);

// "ran_ns waited_ns slices" as in schedstat, and the share of waiting between two of them.
struct queue_time {
  std::uint64_t ran_ns = 0;
  std::uint64_t waited_ns = 0;
};
queue_time parse_schedstat(std::string_view text);
double waiting_share(queue_time before, queue_time after);

}  // namespace kettle::app
