#pragma once
// What every pool offers: thread_pool, fiber_pool (and later process and cluster pools).
//
//   auto f = pool.start(fib, 25);                  // a future; its get() throws what fib threw
//   for (long r : pool.map(fib, numbers)) use(r);  // lazy, in order, a bounded window ahead
//   int a = co_await pool(fib, 20);                // one call there; or pool(fib, 20).get()
//   n.start(pool, fib, 30);                        // a nursery's child that runs there
//   co_await pool.close(close_mode::drain);
//
// A pool's own task (start, map) has no nursery: its error stays in its future, and nobody cancels
// it but that future, the dropping of the map's results, and close(). Templates are defined in
// coro/pool_call.hpp.

#include <kettle/core/close_mode.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/wait_point.hpp>

namespace kettle::inline KETTLE_ABI {

struct pool_stats {
  std::size_t width = 0;     // how many may run at once
  std::size_t threads = 0;   // that exist now
  std::size_t idle = 0;      // of them, asleep
  std::size_t running = 0;   // tasks at work, where the pool knows it
  std::size_t queued = 0;    // waiting to begin
  std::uint64_t steals = 0;  // taken from another thread's deque
  std::uint64_t wakes = 0;   // sleeping threads woken
};

// A wait: until all that was started in a pool has ended. It cannot be cancelled: what runs is
// waited for. Pool has: bool begin_close(wait_point&, close_mode), as a wait's start(); void
// end_close(), called once it has ended; static const char* close_name.
template <class Pool> class KETTLE_WAIT pool_close : public operation<pool_close<Pool>> {
 public:
  pool_close(Pool& pool, close_mode mode) noexcept : pool_(&pool), mode_(mode) {
    this->abortable_ = false;
  }
  bool start() override { return pool_->begin_close(*this, mode_); }
  void unlink() noexcept override {}
  void cancel() noexcept override {}
  const char* what() const noexcept override { return Pool::close_name; }
  void finish() noexcept { pool_->end_close(); }

 private:
  Pool* pool_;
  close_mode mode_;
};

// Pool has: void launch(placed_child_base&) const; void launch_own(placed_child_base&) (throws
// usage_error once it is closed); std::size_t width() const.
template <class Pool> class pool_calls {
 public:
  static constexpr bool is_place = true;
  template <class F, class... A> auto operator()(F&& f, A&&... a) const;
  template <class F, class... A> auto start(F&& f, A&&... a);
  template <class F, class R> auto map(F&& f, R&& range, map_options o = {});
  template <class F, class R> auto map(as_outcome_t, F&& f, R&& range, map_options o = {});
};

}  // namespace kettle::inline KETTLE_ABI
