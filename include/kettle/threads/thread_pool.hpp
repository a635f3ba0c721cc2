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

#include <kettle/core/close_mode.hpp>
#include <kettle/core/executor.hpp>

#include <memory>

namespace kettle::inline v0 {

struct thread_pool_options {
  std::size_t workers = 0;  // 0: one a usable core
};

class thread_pool : public pool_calls<thread_pool> {
 public:
  class close_operation;

  explicit thread_pool(thread_pool_options options = {});
  ~thread_pool();
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  // A wait: until all that was started has ended. It cannot be cancelled. start() afterwards is a
  // usage_error.
  close_operation close(close_mode mode) noexcept;
  pool_stats stats() const noexcept;
  std::size_t width() const noexcept;

  void launch(placed_child_base& child) const;
  void launch_own(placed_child_base& child);

 private:
  friend class close_operation;
  struct state;
  std::unique_ptr<state> state_;
};

class [[nodiscard(
    "close() does nothing until it is awaited: co_await it, or .get() it")]] thread_pool::
    close_operation : public operation<thread_pool::close_operation> {
 public:
  close_operation(thread_pool& pool, close_mode mode) noexcept : pool_(&pool), mode_(mode) {
    abortable_ = false;
  }
  bool start() override;
  void unlink() noexcept override {}
  void cancel() noexcept override {}  // what runs is waited for
  const char* what() const noexcept override { return "thread_pool.close"; }
  void finish() noexcept;

 private:
  thread_pool* pool_;
  close_mode mode_;
  bool counted_ = false;
};

inline thread_pool::close_operation thread_pool::close(close_mode mode) noexcept {
  return {*this, mode};
}

}  // namespace kettle::inline v0
