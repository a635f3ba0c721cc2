#pragma once
// The computing pool's engine: a fixed number of threads, each with a deque of its own; who has
// nothing steals.
//
// A child started on a worker goes to the worker's own deque and is taken newest first, which keeps
// its data warm; every 61st turn the injection queue comes first, so that nobody waits for ever.
// Threads are made when there is work and all others are busy, up to the width; then they stay.
// With nothing to do there are no wake-ups.

#include "threads/deque.hpp"
#include "threads/engine.hpp"
#include "threads/injection.hpp"
#include "threads/parking.hpp"

#include <kettle/base/spin_lock.hpp>

#include <memory>
#include <vector>

namespace kettle::inline KETTLE_ABI {

class worker_pool final : public engine {
 public:
  // `companions`: where children without a nursery find on_thread and on_cores; null: each worker
  // its own.
  explicit worker_pool(std::uint32_t width, companion_set* companions = nullptr);
  ~worker_pool() override;

  bool start(queue_ticket& t) noexcept override;
  bool is_closed() const noexcept override { return closed_.load(acquire); }
  bool has_begun() const noexcept override { return threads() > 0; }
  void close(close_mode mode) noexcept override;
  void join() noexcept override;
  // In place of close(), join() and the destructor, on a thread of its own: what runs is asked to
  // end, and the last thread that leaves calls end(what), which destroys the pool.
  void end_alone(void (*end)(void*) noexcept, void* what) noexcept;
  // After close(): false, and `w` is granted when the last thread has nothing more to do; true: it
  // is so already.
  bool when_left(wait_point& w) noexcept;
  std::uint32_t width() const noexcept override { return std::uint32_t(workers_.size()); }

  std::uint32_t threads() const noexcept { return started_.load(relaxed); }
  std::uint64_t queued() const noexcept { return injected_.size(); }
  std::uint64_t steals() const noexcept { return steals_.load(relaxed); }
  const parking& lot() const noexcept { return lot_; }

 private:
  struct worker {
    worker_pool* pool = nullptr;
    std::uint32_t index = 0, turn = 0, random = 0;
    sys::thread_handle thread{};
    asked asked_to_cancel;
    stealing_deque<queue_ticket> jobs;
  };

  static void* body(void* p);
  void end_of_the_last(worker& me) noexcept;
  void work(worker& w) noexcept;
  queue_ticket* take(worker& w) noexcept;
  queue_ticket* steal(worker& w) noexcept;
  bool any_work() const noexcept;
  // There is a job in a queue: somebody who does nothing shall look. Both: 0, or why there is no
  // thread at all.
  int call_another() noexcept;
  int add_worker() noexcept;
  static worker* mine() noexcept;

  std::vector<std::unique_ptr<worker>> workers_;  // never changes; threads are made one by one
  injection_queue injected_;
  parking lot_;
  spin_lock growing_;
  atomic<std::uint32_t> started_{0}, at_work_{0};
  static constexpr std::uintptr_t all_left = 1;
  atomic<std::uintptr_t> left_{0};  // or who waits for it
  atomic<bool> closed_{false}, cancelling_{false};
  atomic<std::uint64_t> steals_{0};
  companion_set* companions_;
  void (*end_)(void*) noexcept = nullptr;  // published by closed_
  void* ends_ = nullptr;
  bool joined_ = false;
};

}  // namespace kettle::inline KETTLE_ABI
