#include "sys/machine.hpp"
#include "threads/worker_pool.hpp"

#include <kettle/base/error.hpp>
#include <kettle/core/outside_waker.hpp>
#include <kettle/threads/thread_pool.hpp>

#include <optional>

namespace kettle::inline KETTLE_ABI {

struct thread_pool::state {
  explicit state(std::uint32_t width) : engine(width) {}
  worker_pool engine;
  std::optional<outside_waker> closing;  // its threads are no business of the closer's run
};

thread_pool::thread_pool(thread_pool_options options)
    : state_(std::make_unique<state>(options.workers ? std::uint32_t(options.workers)
                                                     : sys::usable_cores())) {}

// Its last owner may go on one of its own threads, which cannot wait for itself: the last one to
// leave ends the pool. And exit() in the midst of something waits for nobody.
thread_pool::~thread_pool() {
  worker_pool& e = state_->engine;
  if (!e.is_ours()) return;
  if (tls.former)
    state_.release()->engine.close(close_mode::cancel);
  else if (e.is_here())
    e.end_alone([](void* s) noexcept { delete static_cast<state*>(s); }, state_.release());
}

std::size_t thread_pool::width() const noexcept { return state_->engine.width(); }

pool_stats thread_pool::stats() const noexcept {
  const worker_pool& e = state_->engine;
  return {.width = e.width(),
          .threads = e.threads(),
          .idle = e.lot().sleepers(),
          .queued = e.queued(),
          .steals = e.steals(),
          .wakes = e.lot().wakes()};
}

void thread_pool::launch(placed_child_base& child) const { state_->engine.launch(child); }

void thread_pool::launch_own(placed_child_base& child) {
  if (!state_->engine.takes_jobs()) throw usage_error(state_->engine.refusal());
  state_->engine.launch(child);
}

bool thread_pool::begin_close(wait_point& w, close_mode mode) {
  worker_pool& e = state_->engine;
  if (e.is_here()) throw usage_error("close: a task of the pool cannot wait for the pool's end");
  e.close(mode == close_mode::drain ? mode : close_mode::cancel);  // a thread cannot be killed
  state_->closing.emplace();
  return e.when_left(w);
}

void thread_pool::end_close() noexcept {
  state_->closing.reset();
  state_->engine.join();
}

}  // namespace kettle::inline KETTLE_ABI
