#pragma once
// fiber_pool: at most so many fibers at once, on this thread.
//
//   fiber_pool pool({.at_once = 100});
//   for (const std::string& url : urls)
//     pool.start(fetch, url);  // in a fiber or thread: waits while the pool is full
//   co_await pool.close(close_mode::drain);
//
// start() waits while the pool is full, so a producer does not run away; in a coroutine, which must
// not block, and for n.start(pool, f), what is too much waits in a queue. A start from one of the
// pool's own fibers begins at once, even if the pool is full: a fiber that waits for its own
// children can therefore not block the pool.
//
// Lifetime: ~fiber_pool() cancels everything and waits; in a coroutine close it before with
// co_await pool.close(...). Cancellation: as for on_fiber. What is queued never starts. Threads: a
// pool belongs to the thread that made it.

#include <kettle/core/executor.hpp>

#include <memory>

namespace kettle::inline KETTLE_ABI {

struct fiber_pool_options {
  std::size_t at_once = 1000;
};

class fiber_pool : public pool_calls<fiber_pool> {
 public:
  class slots;
  static constexpr bool runs_here = true;

  explicit fiber_pool(fiber_pool_options options = {});
  ~fiber_pool();
  fiber_pool(const fiber_pool&) = delete;
  fiber_pool& operator=(const fiber_pool&) = delete;

  // start() afterwards is a usage_error.
  pool_close<fiber_pool> close(close_mode mode) noexcept { return {*this, mode}; }
  pool_stats stats() const noexcept;
  std::size_t width() const noexcept;

  void launch(placed_child_base& child) const;
  void launch_own(placed_child_base& child);

 private:
  friend pool_close<fiber_pool>;
  bool begin_close(wait_point& w, close_mode mode);
  void end_close() noexcept {}
  static constexpr const char* close_name = "fiber_pool.close";

  std::unique_ptr<slots> slots_;
};

}  // namespace kettle::inline KETTLE_ABI
