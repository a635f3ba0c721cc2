#pragma once
// The client's side of a pool of processes: tasks go into the table, one thread of ours (the
// manager) takes the answers out, kills what does not end in time, and replaces workers that died.
//
// Threads: launch, cancel and close from any thread, under one lock; the manager ends children
// without it. A child is ended exactly once: by whoever has taken it out of its slot or out of the
// overflow, under the lock. Who waits for a short task takes its answer out himself: two threads
// fewer have to be woken.

#include "core/companions.hpp"
#include "processes/launch.hpp"
#include "processes/spinning.hpp"
#include "sys/fork.hpp"
#include "sys/thread.hpp"

#include <kettle/core/place.hpp>
#include <kettle/processes/process_pool.hpp>

#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// What an engine knows of its child.
inline detail::remote_job& job_of(placed_child_base& c) noexcept {
  return *static_cast<detail::remote_job*>(c.place_data_);
}

class process_engine final : public job_queue, public companion {
 public:
  explicit process_engine(process_pool_options o);
  ~process_engine() override;

  const far_calls* far() const noexcept override { return &for_homes; }

  // Gives it a child; what cannot be started ends with that error.
  void launch(placed_child_base& c);
  void close(close_mode mode) noexcept;
  bool is_closed() const noexcept;
  // False: all has ended, also the manager. Else w is granted then.
  bool when_ended(wait_point& w);
  void join() noexcept;
  // In place of the destructor where nobody can wait for the manager: on its own thread, which then
  // ends the engine, and in the midst of an exit().
  void end_alone() noexcept;
  bool can_be_joined() const noexcept;
  // False in a forked child: manager, server and workers are the parent's.
  bool is_ours() const noexcept {
    return process_.is_ours() || (has_manager_ ? false : process_.renew());
  }
  std::size_t width() const noexcept { return options_.workers; }
  pool_stats stats() const noexcept;

  // True: there is room in the table. Else w is granted when there may be.
  bool when_room(wait_point& w);
  // True: every worker is ready, or never will be. Else w is granted then.
  bool when_warm(wait_point& w);
  void forget(wait_point& w) noexcept;  // of these two
  void check_open() const;              // throws

 private:
  using lock = std::unique_lock<std::mutex>;
  struct slot_record {
    placed_child_base* child = nullptr;  // null: free
    std::uint64_t task = 0;
    std::uint32_t generation = 0;
    bool cancel_asked = false;
    bool arriving = false;  // somebody reads its answer
    time_point kill_at = never;
    std::size_t request_size = 0;
  };
  struct waiting_child {
    placed_child_base* child;
    std::string bytes;
    time_point deadline;
  };
  enum class worker_state : std::uint8_t { absent, asked, alive };
  struct worker_record_here {
    worker_state state = worker_state::absent;
    time_point start_at = always;  // when absent: not before
  };

  std::uint32_t reserve();
  void unreserve(std::uint32_t slot, std::size_t written) noexcept;
  void queue_up(placed_child_base& c, time_point deadline);
  void wake(std::size_t tasks) noexcept {
    wake_workers(memory_.requests(), memory_.answers(), tasks);
  }

  // From a child's home, which knows the address only: the engine is kept alive meanwhile.
  class visit;
  static const far_calls for_homes;
  void look_for_end(placed_child_base& c) noexcept;
  void cancel(placed_child_base& c, std::vector<placed_child_base*>& unrun) noexcept;
  void deadline_moves(placed_child_base& c, time_point t) noexcept;

  // Slots; under the lock.
  void ensure_manager();
  void refuse_if_over() const;
  void check_ours() const;
  void submit(std::uint32_t slot, placed_child_base& c, std::size_t size, time_point deadline);
  void publish(std::uint32_t slot) noexcept;
  placed_child_base* take_out(std::uint32_t slot, std::size_t answer_size) noexcept;
  void fill() noexcept;
  std::vector<wait_point*> take_waiters() noexcept;
  bool take_back(std::uint32_t slot, std::vector<placed_child_base*>& unrun) noexcept;
  void cancel_slot(std::uint32_t slot, const char* reason,
                   std::vector<placed_child_base*>& unrun) noexcept;
  void set_kill_time(slot_record& s, time_point t) noexcept;
  slot_word state_of(std::uint32_t slot) const noexcept;
  bool is_live() const noexcept;
  bool is_warm() const noexcept;
  void wake_manager() noexcept { memory_.ring_bell(); }
  static void leaves(
      placed_child_base& c) noexcept;  // table or overflow; it is the caller's to end
  static void end(placed_child_base& c) noexcept;
  static void end_all(std::vector<placed_child_base*>& children) noexcept;

  // The manager.
  static void* manage(void* self);
  void run_manager() noexcept;
  std::size_t take_answers();
  bool is_crowded() const noexcept;
  bool has_answers() const noexcept;
  bool has_work_left() const noexcept;
  void answers_arrived(const std::vector<std::uint32_t>& slots);
  void read_answer(std::uint32_t slot, placed_child_base& c, std::size_t size) noexcept;
  void sleep(std::size_t taken);
  void take_reports();
  void worker_ended(const server_order& o);
  void server_ended();
  void look_at_phases() noexcept;
  time_point next_time() noexcept;
  time_point give_back_at() noexcept;
  void kill_late();
  void end_unfit() noexcept;
  void start_workers();
  void start_failed(const std::string& why);
  void break_pool(const std::string& why);
  bool is_over() noexcept;
  void shut_down() noexcept;

  process_pool_options options_;
  mutable std::mutex mutex_;
  shared_memory memory_;
  std::vector<slot_record> slots_{slot_count};
  std::vector<std::uint32_t> free_;
  std::deque<waiting_child> overflow_;
  std::vector<placed_child_base*> unfit_;  // failed, and the manager's to end
  std::vector<wait_point*> room_waiters_, warm_waiters_, closers_;
  std::vector<worker_record_here> workers_;
  std::uint64_t tasks_ = 0;
  int timed_ = 0;  // slots with a time to kill at
  time_point idle_since_ = never;
  bool closed_ = false, killing_ = false, has_manager_ = false, ended_ = false, joined_ = false;
  bool alone_ = false;  // the manager's own
  mutable sys::fork_mark process_;
  std::string broken_;  // why; empty: it is not
  sys::thread_handle manager_{};
  atomic<std::uint32_t> visitors_{0};  // the destructor waits for them
  atomic<bool> somebody_looks_{false};
  spin_credit credit_;
  // The manager's own.
  std::vector<std::uint32_t> arrived_;
  server_process server_;
  int failures_ = 0;  // starts in a row
};

}  // namespace kettle::inline KETTLE_ABI
