#pragma once
// on_thread and on_cores: an ordinary function on another thread.
//
//   auto text = n.start(on_thread, read_slowly, path);  // may block: a thread of the loop's lane
//   int sum = co_await on_cores(add_up, std::move(table));  // computes: one thread a usable core,
//                                                           // work stealing
//
// Both belong to the running loop (outside of any: to this thread), are made on first use and end
// with it. The lane has at most 40 threads, made when none is idle; the 41st job waits; an idle
// thread ends after 10 s. A coroutine function may be given too: that thread runs it on a home of
// its own.
//
// Cancellation: queued, it never starts; running, kettle's waits throw `cancelled`, computing code
// asks check_cancelled(), and the nursery waits for the function's end. Tags of start:
// `interruptible` makes blocking system calls return EINTR; `abandon` does not wait, drops the late
// result, and is only for functions that own all they use. Deadlines of the scope around travel
// into it. Threads: start from any thread of kettle; the future is completed on the nursery's
// thread.

#include <kettle/core/place.hpp>

namespace kettle::inline KETTLE_ABI {

class on_thread_t : public callable_place<on_thread_t> {
 public:
  void launch(placed_child_base& child) const;
  static constexpr std::size_t width() noexcept { return 40; }
};
inline constexpr on_thread_t on_thread{};

class on_cores_t : public callable_place<on_cores_t> {
 public:
  void launch(placed_child_base& child) const;
  static std::size_t width();
};
inline constexpr on_cores_t on_cores{};

}  // namespace kettle::inline KETTLE_ABI
