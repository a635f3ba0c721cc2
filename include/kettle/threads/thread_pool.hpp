#pragma once
// thread_pool: threads of one's own, with or without a loop.
//
//   thread_pool pool({.workers = 4});
//   auto big = pool.start(fib, 25);
//   for (long r : pool.map(fib, numbers)) std::printf("%ld\n", r);
//   std::printf("%ld\n", big.get());
//
// Work stealing, threads made as they are needed up to `workers`; an idle pool has no wake-ups. A
// task that waits for another task of its own pool runs it itself if nobody has begun it, so a pool
// of one does not block itself.
//
// Lifetime: ~thread_pool() cancels what is queued, asks what runs and blocks until it has ended;
// inside a coroutine close it before with `co_await pool.close(close_mode::drain)`. Futures may
// outlive the pool. Cancellation: as for on_thread; future.cancel() takes a queued task back.
// Threads: all functions from any thread; close() and the destructor once.

#include <kettle/core/executor.hpp>

#include <memory>

namespace kettle::inline KETTLE_ABI {

struct thread_pool_options {
  std::size_t workers = 0;  // 0: one a usable core
};

class thread_pool : public pool_calls<thread_pool> {
 public:
  explicit thread_pool(thread_pool_options options = {});
  ~thread_pool();
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  // start() afterwards is a usage_error.
  pool_close<thread_pool> close(close_mode mode) noexcept { return {*this, mode}; }
  pool_stats stats() const noexcept;
  std::size_t width() const noexcept;

  void launch(placed_child_base& child) const;
  void launch_own(placed_child_base& child);

 private:
  friend pool_close<thread_pool>;
  bool begin_close(wait_point& w, close_mode mode);
  void end_close() noexcept;
  static constexpr const char* close_name = "thread_pool.close";

  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace kettle::inline KETTLE_ABI
