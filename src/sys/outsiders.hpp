#pragma once
// Whether anybody in this process could still act while all of ours sleep: a thread that we did not
// start, or one of the program's signal handlers.
//
//   if (!sys::has_outsiders(threads_of_ours)) ...    // nothing but a timer will ever happen
//
// Threads: any.

#include <kettle/base/atomic.hpp>

#include <string>

namespace kettle::inline KETTLE_ABI::sys {

// Threads of ours that wait for a job. Each counts itself, and whoever gives it a job takes it off
// first: one that is counted no more, or not yet, passes for an outsider. relaxed: it is a bound.
inline atomic<int> threads_at_rest{0};

// `ours`: threads besides those at rest of which it is known that they sleep. Reads /proc: tens of
// microseconds. True if it cannot be told.
bool has_outsiders(int ours) noexcept;

// Threads of this process, without the kernel's own (io_uring's) and those that are just ending;
// -1: unknown. `tasks`: where they are listed, for tests.
int count_threads(const std::string& tasks = "/proc/self/task");
// What the kernel says a thread of this process does: R computes, S and D wait; 0: it has gone.
char thread_state(int thread) noexcept;
// Handlers that somebody other than signal_handler has installed, but for those of faults.
bool program_handles_signals() noexcept;

}  // namespace kettle::inline KETTLE_ABI::sys
