#pragma once
// The engine for work that may block: a thread for each job, up to a limit, made only when none is
// idle.
//
// A job is handed to one idle thread, the one that became idle last; else a new thread is made for
// it; at the limit it waits, and no thread is made. An idle thread ends after a while. Whoever
// hands a job to an idle thread does it under the lock, and a thread whose time is over looks again
// under the lock before it leaves, so no job is lost between.
//
// join() does not wait for abandoned jobs: their threads end by themselves.

#include "threads/engine.hpp"

#include <kettle/base/clock.hpp>

#include <chrono>
#include <memory>

namespace kettle::inline KETTLE_ABI {

struct lane_options {
  std::uint32_t most_threads = 40;
  duration idle_time = std::chrono::seconds(10);
};

struct lane_stats {
  std::uint32_t threads = 0, idle = 0;
  std::uint64_t queued = 0, threads_made = 0, jobs_run = 0;
};

class lane final : public engine {
 public:
  explicit lane(lane_options options = {}, companion_set* companions = nullptr);
  ~lane() override;

  bool start(queue_ticket& t) noexcept override;
  bool is_closed() const noexcept override;
  void close(close_mode mode) noexcept override;
  void join() noexcept override;
  std::uint32_t width() const noexcept override { return options_.most_threads; }
  lane_stats stats() const noexcept;

 private:
  struct thread;
  struct state;
  static void* body(void* p);
  static void work(state& s, thread& me, home& here) noexcept;
  static bool run_abandoned(state& s, placed_child_base& c, home& here) noexcept;
  static queue_ticket* next(state& s, thread& me, home& here) noexcept;
  int add_thread(queue_ticket& first) noexcept;
  static void ring(thread& t) noexcept;
  void join_ended() noexcept;

  lane_options options_;
  std::shared_ptr<state>
      state_;  // shared with the threads: those that run abandoned jobs may outlive us
};

}  // namespace kettle::inline KETTLE_ABI
