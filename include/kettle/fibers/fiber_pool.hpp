#pragma once
// fiber_pool: at most so many fibers at once, on this thread.
//
//   fiber_pool pool({.at_once = 100});
//   for (const std::string& url : urls) pool.start(fetch, url);    // in a fiber or thread: waits
//   while the pool is full co_await pool.close(close_mode::drain);
//
// start() waits while the pool is full, so a producer does not run away; in a coroutine, which must
// not block, and for n.start(pool, f), what is too much waits in a queue. A start from one of the
// pool's own fibers begins at once, even if the pool is full: a fiber that waits for its own
// children can therefore not block the pool.
//
// Lifetime: ~fiber_pool() cancels everything and waits; in a coroutine close it before with
// co_await pool.close(...). Cancellation: as for on_fiber. What is queued never starts. Threads: a
// pool belongs to the thread that made it.

#include <kettle/core/close_mode.hpp>
#include <kettle/core/executor.hpp>

#include <memory>

namespace kettle::inline v0 {

struct fiber_pool_options {
  std::size_t at_once = 1000;
};

class fiber_pool : public pool_calls<fiber_pool> {
 public:
  class close_operation;
  class slots;

  explicit fiber_pool(fiber_pool_options options = {});
  ~fiber_pool();
  fiber_pool(const fiber_pool&) = delete;
  fiber_pool& operator=(const fiber_pool&) = delete;

  // A wait: until all that was started has ended. It cannot be cancelled. start() afterwards is a
  // usage_error.
  close_operation close(close_mode mode) noexcept;
  pool_stats stats() const noexcept;
  std::size_t width() const noexcept;

  void launch(placed_child_base& child) const;
  void launch_own(placed_child_base& child);

 private:
  std::unique_ptr<slots> slots_;
};

class KETTLE_WAIT fiber_pool::close_operation : public operation<fiber_pool::close_operation> {
 public:
  close_operation(slots& pool, close_mode mode) noexcept : pool_(&pool), mode_(mode) {
    abortable_ = false;
  }
  bool start() override;
  void unlink() noexcept override {}
  void cancel() noexcept override {}  // what runs is waited for
  const char* what() const noexcept override { return "fiber_pool.close"; }
  void finish() noexcept {}

 private:
  slots* pool_;
  close_mode mode_;
};

inline fiber_pool::close_operation fiber_pool::close(close_mode mode) noexcept {
  return {*slots_, mode};
}

}  // namespace kettle::inline v0
