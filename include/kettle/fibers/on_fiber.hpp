#pragma once
// on_fiber: an ordinary function on a stack of its own, on this loop.
//
//   auto greeting = n.start(on_fiber, greet, "fiber");       // std::string greet(std::string)
//   std::string s = co_await on_fiber(greet, "fiber");
//
// Inside, every kettle operation's .get() parks the fiber and lets the loop run others. A blocking
// system call stops the whole loop. A coroutine function may be given too: the fiber waits for its
// task.
//
// Stack: 256 KiB of address space with a guard page; memory is used as it is touched, one page for
// a sleeper. thread_local variables are the thread's, not the fiber's: another fiber may change
// them at every wait. Exceptions in flight are the fiber's own, so it may wait inside a catch
// block. Cancellation: queued, it never starts; running, its current wait throws `cancelled`.
// Threads: a fiber stays on the thread of the nursery that started it.

#include <kettle/core/place.hpp>

namespace kettle::inline KETTLE_ABI {

class on_fiber_t : public callable_place<on_fiber_t> {
 public:
  void launch(placed_child_base& child) const;
};
inline constexpr on_fiber_t on_fiber{};

}  // namespace kettle::inline KETTLE_ABI
