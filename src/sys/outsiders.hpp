#pragma once
// Whether anybody in this process could still act while all of ours sleep: a thread that we did not
// start, or one of the program's signal handlers.
//
//   sys::at_rest here;                               // this thread acts only when ours ask it to
//   if (!sys::has_outsiders(threads_of_ours)) ...    // nothing but a timer will ever happen
//
// Threads: any. A thread that is about to be counted, or counted no more, passes for an outsider.

#include <kettle/base/atomic.hpp>

#include <string>

namespace kettle::inline v0::sys {

// Whoever wakes such a thread takes it off before the wake. relaxed: each number is a bound.
inline atomic<int> threads_at_rest{0};

class at_rest {
 public:
  at_rest() noexcept { threads_at_rest.fetch_add(1, relaxed); }
  ~at_rest() { threads_at_rest.fetch_sub(1, relaxed); }
  at_rest(const at_rest&) = delete;
  at_rest& operator=(const at_rest&) = delete;
};

// `ours`: threads besides those at rest of which it is known that they sleep. Reads /proc: tens of
// microseconds. True if it cannot be told.
bool has_outsiders(int ours) noexcept;

// Threads of this process, without the kernel's own (io_uring's) and those that are just ending;
// -1: unknown. `tasks`: where they are listed, for tests.
int count_threads(const std::string& tasks = "/proc/self/task");
// Handlers that somebody other than signal_handler has installed, but for those of faults.
bool program_handles_signals() noexcept;

}  // namespace kettle::inline v0::sys
