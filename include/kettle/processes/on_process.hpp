#pragma once
// on_process: a function in another process, on this machine.
//
//   auto page = n.start(on_process, render, std::move(text));  // std::string render(std::string)
//   auto sum  = co_await on_process(add_up, numbers);          // in a thread on_process(...).get()
//
// Any function, captureless lambda, or closure of trivial values; coroutine functions too. Nothing
// is registered. Arguments and result travel as codec.hpp says. The workers belong to the running
// loop (outside of any: to this thread), one a usable core, are made on first use and end with it.
// Static objects exist in each worker, as their constructors leave them; main() has not run there.
//
// Errors: as the same type where std or kettle knows it, else remote_error; worker_died if its
// process ended. Cancellation: queued, it never starts; running, kettle's waits and
// check_cancelled() in the worker throw `cancelled`, and after 100 ms the worker is killed. What
// the function did outside its process stays done. Deadlines of the scope around travel into it.
// Inside a worker on_process runs in the worker itself. Threads: as on_thread.

#include <kettle/processes/remote_call.hpp>

namespace kettle::inline KETTLE_ABI {

class on_process_t : public callable_place<on_process_t> {
 public:
  template <class U, class F, class... A> using child = detail::process_child<U, F, A...>;
  void launch(placed_child_base& child) const;
  static std::size_t width();
};
inline constexpr on_process_t on_process{};

}  // namespace kettle::inline KETTLE_ABI
