#pragma once
// process_pool: worker processes of one's own, with or without a loop.
//
//   process_pool pool({.workers = 4});
//   auto big = pool.start(fib, 25);
//   for (auto& made : pool.map(as_outcome, thumbnail, files)) use(made);   // worker_died costs one
//   co_await pool.close(close_mode::drain);
//
// The functions, their arguments and results: as for on_process. A worker that dies fails the task
// that it ran (worker_died), is replaced, and nothing else happens. Workers that cannot start three
// times in a row (`init` throws) break the pool: what is queued, and start() from then on, ends
// with pool_broken.
//
// start() waits while the pool's table (1024 tasks) is full; in a coroutine, which must not block,
// what is too much waits in a queue.
//
// Lifetime: ~process_pool() cancels what is queued, asks what runs, kills what has not ended after
// the grace, and blocks until no process is left; inside a coroutine close it before with
// `co_await pool.close(close_mode::drain)`. Futures may outlive the pool. Threads: all functions
// from any thread; close() and the destructor once.

#include <kettle/core/close_mode.hpp>
#include <kettle/core/executor.hpp>
#include <kettle/processes/remote_call.hpp>

#include <memory>

namespace kettle::inline KETTLE_ABI {

enum class start_method : std::uint8_t {
  fork_server,  // a fresh copy of the program, taken over before main(); workers are forks of it
  fork,  // workers are forks of this process as it is now: its other threads stand still there
};

struct process_pool_options {
  std::size_t workers = 0;  // 0: one a usable core
  start_method start = start_method::fork_server;
  void (*init)() = nullptr;   // in each new worker, before its first task
  std::size_t max_tasks = 0;  // a worker is replaced after so many; 0: never
  any_duration grace =
      std::chrono::milliseconds(100);  // between asking a task to end and killing it
};

class process_engine;

class process_pool : public pool_calls<process_pool> {
 public:
  class close_operation;
  class warm_up_operation;
  template <class U, class F, class... A> using child = detail::process_child<U, F, A...>;

  explicit process_pool(process_pool_options options = {});
  ~process_pool();
  process_pool(const process_pool&) = delete;
  process_pool& operator=(const process_pool&) = delete;

  // A wait: until every worker is there and `init` has run in it. Without it they are made when the
  // first task is started. Throws pool_broken, or usage_error when the pool is closed meanwhile.
  warm_up_operation warm_up() noexcept;
  // A wait: until all that was started has ended and no worker is left. It cannot be cancelled.
  // start() afterwards is a usage_error.
  close_operation close(close_mode mode) noexcept;
  pool_stats stats() const noexcept;  // `threads` are its processes
  std::size_t width() const noexcept;

  void launch(placed_child_base& child) const;
  void launch_own(placed_child_base& child);

 private:
  std::unique_ptr<process_engine> engine_;
};

class KETTLE_WAIT process_pool::warm_up_operation
    : public operation<process_pool::warm_up_operation> {
 public:
  explicit warm_up_operation(process_engine& engine) noexcept : engine_(&engine) {}
  ~warm_up_operation() { leave(); }
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "process_pool.warm_up"; }
  void finish();

 private:
  void leave() noexcept;
  process_engine* engine_;
  bool counted_ = false;
};

class KETTLE_WAIT process_pool::close_operation : public operation<process_pool::close_operation> {
 public:
  close_operation(process_engine& engine, close_mode mode) noexcept
      : engine_(&engine), mode_(mode) {
    abortable_ = false;
  }
  bool start() override;
  void unlink() noexcept override {}
  void cancel() noexcept override {}  // what runs is waited for
  const char* what() const noexcept override { return "process_pool.close"; }
  void finish() noexcept;

 private:
  process_engine* engine_;
  close_mode mode_;
  bool counted_ = false;
};

}  // namespace kettle::inline KETTLE_ABI
