#pragma once
// What the computing pool and the lane have in common: jobs in tickets, threads that run them, an
// orderly end.
//
// A thread of an engine runs one child after the other on its own home. Closing: queued children
// are run (drain) or ended unrun (cancel), running ones are waited for, after cancel also asked: a
// note to each thread's home cancels the root scopes of what it runs, so every kettle wait there
// throws `cancelled`.

#include "core/companions.hpp"
#include "core/home.hpp"
#include "sys/fork.hpp"
#include "sys/thread.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/core/close_mode.hpp>
#include <kettle/core/mail.hpp>
#include <kettle/core/place.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class engine : public job_queue, public companion {
 public:
  bool is_here() const noexcept { return tls.at && tls.at->takes_jobs_from() == this; }
  // False in a forked child: it has none of the threads.
  bool is_ours() const noexcept {
    return process_.is_ours() || (has_begun() ? false : process_.renew());
  }
  bool takes_jobs() const noexcept { return is_ours() && !is_closed(); }
  // What a start that it does not take says.
  const char* refusal() const noexcept {
    return is_ours() ? "start: this pool is closed"
                     : "start: this pool's threads are those of the process that was forked";
  }

  // From any thread. False: closed, the ticket was not taken. When there is no thread to run it and
  // none can be made, its child fails with that io_error.
  virtual bool start(queue_ticket& t) noexcept = 0;
  virtual bool is_closed() const noexcept = 0;
  // Whether it may have threads.
  virtual bool has_begun() const noexcept { return true; }
  // Tells all; does not wait. Idempotent; cancel after drain cancels what is left.
  virtual void close(close_mode mode) noexcept = 0;
  // After close(): returns when no thread is left.
  virtual void join() noexcept = 0;
  virtual std::uint32_t width() const noexcept = 0;
  std::uint32_t most_at_work() const noexcept final { return width(); }
  bool gets_stuck(home& h) noexcept final;
  void goes_on(home& h) noexcept final;

  // Gives a child of a nursery, or a pool's own task, to this engine. What cannot be started ends
  // with that error.
  void launch(placed_child_base& c);

 protected:
  // One thread's part in being asked to cancel: its work is one job. The asker's note is delivered
  // before the thread ends.
  class asked {
   public:
    asked() noexcept : note_(*this) {}
    void thread_begins(home& here) noexcept;
    void thread_ends(home& here) noexcept;
    void ask() noexcept;  // from any thread, once

   private:
    struct cancel_note : mail {
      explicit cancel_note(asked& a) noexcept : mail(deliver), self(a) {}
      static void deliver(mail& m) noexcept;
      asked& self;
    };
    job_word word_;
    home* home_ = nullptr;  // valid once it runs
    bool delivered_ = false;
    cancel_note note_;
  };

  static void run(
      queue_ticket& t) noexcept;  // runs its child, if that is still in it; drops the ticket
  static void discard(queue_ticket& t) noexcept;  // ends its child unrun; drops the ticket
  static void refuse(queue_ticket& t,
                     std::exception_ptr error) noexcept;  // fails its child; the ticket stays

 private:
  mutable sys::fork_mark process_;
  spin_lock stuck_lock_;
  home* stuck_ = nullptr;  // asleep, and waiting for jobs of theirs that are still queued
  std::uint32_t stuck_count_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI
