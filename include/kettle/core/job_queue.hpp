#pragma once
// How a child travels to another thread: the queue that it is given to, and the ticket that lies
// there in its place, with all that only such a child needs.

#include <kettle/base/atomic.hpp>
#include <kettle/base/clock.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/core/job_word.hpp>
#include <kettle/core/mail.hpp>
#include <kettle/core/wait_point.hpp>

#include <algorithm>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class cancel_scope;
class domain;
class home;
class placed_child_base;
class thread_context;
struct backlog;

// The engine that a child on another thread was given to.
class job_queue {
 public:
  virtual ~job_queue() = default;
  // How many jobs its threads may be at work on, so that the next one waits for one of those.
  virtual std::uint32_t most_at_work() const noexcept { return ~std::uint32_t(0); }
  // What a nursery's home does with a job that runs in another process. The queue may be gone by
  // then: each looks for it among the living first, and does nothing without it.
  struct far_calls {
    // By somebody who is about to sleep until that job has ended: he sees to its end himself, for
    // some microseconds.
    void (*look_for_end)(const job_queue*, placed_child_base&) noexcept;
    // The queue ends it then.
    void (*cancel)(const job_queue*, placed_child_base&) noexcept;
    // The deadline in force at its nursery. A job in this process reads it in its link.
    void (*deadline_moves)(const job_queue*, placed_child_base&, time_point) noexcept;
  };
  // Null: its jobs run on homes of this process.
  virtual const far_calls* far() const noexcept { return nullptr; }
  // A thread of it sleeps for jobs of its own, of which it can run none itself. True: so do all
  // others, and nobody will ever run those that are queued: it is to give up its own. (Or another
  // thread has been told so.) Then, and when it wakes, goes_on().
  virtual bool gets_stuck(home&) noexcept { return false; }
  virtual void goes_on(home&) noexcept {}
};

namespace detail {

class interrupter;

// The deadline in force where a job was started, as its scope on another thread follows it: a word
// that moves there. Where it is that of a job which was itself started elsewhere, what that one
// follows counts too: a later deadline may be on its way. (One that this job's nursery meets sooner
// is met there.) Whoever is followed has a nursery that waits for who follows.
struct followed_deadline {
  const atomic<time_point>* at;
  const followed_deadline* from = nullptr;

  // seq_cst: read after the clock was, while who moves it looks at the clock afterwards.
  time_point in_force() const noexcept {
    time_point latest = at->load(seq_cst);
    for (const followed_deadline* f = from; f; f = f->from)
      latest = std::max(latest, f->at->load(seq_cst));
    return latest;
  }
};

// How a child that runs on another thread hangs together with its nursery.
struct remote_link {
  remote_link(placed_child_base& c, const job_queue& q) noexcept;

  job_word word;
  bool cancel_delivered = false;  // on the worker
  const job_queue& queue;         // it may be gone once the job has been taken
  const job_queue::far_calls* const far;
  home* worker = nullptr;        // valid once it runs
  int thread_id = 0;             // its thread, likewise
  cancel_scope* root = nullptr;  // the worker's
  kettle::domain* domain = nullptr;
  kettle::backlog* backlog = nullptr;  // where the domain counts it until it begins
  atomic<time_point> deadline{never};  // in force there; moved by the nursery's home
  followed_deadline follows{&deadline};
  shared_text reason;                 // of the cancellation; valid once it is asked to end
  interrupter* interrupts = nullptr;  // of an interruptible child; lives as long as the child

  // Among the jobs that a job of the same queue waits for; on that one's home only.
  void await_in(thread_context& job) noexcept;
  void not_awaited() noexcept;  // harmless when it is not
  void begun() noexcept;        // it is still awaited, but none of those that could be run
  thread_context* awaited_in = nullptr;
  bool listed = false;
  remote_link* prev_awaited = nullptr;
  remote_link* next_awaited = nullptr;

  // What the child waits for, as its scope and its future see it.
  struct wait final : wait_point {
    explicit wait(placed_child_base& c) noexcept : child(c) {}
    bool start() override { return false; }
    void unlink() noexcept override {}
    void cancel() noexcept override;
    void deadline_moves(time_point t) noexcept override;
    const char* what() const noexcept override;
    void describe(std::string& out) const override;
    int runs_on() const noexcept override;
    placed_child_base& child;
  };
  struct note : mail {
    note(handler h, placed_child_base& c) noexcept : mail(h), child(c) {}
    placed_child_base& child;
  };
  wait waits;
  note cancel_note;    // to the worker
  note finished_note;  // to the nursery's home
};

}  // namespace detail

// What lies in a queue in a child's place. Whoever takes the child out of it owns the child: a
// worker, who runs it; a canceller, who ends it; or the one who waits for it and runs it himself.
// So a child that was taken back can go while its ticket still lies somewhere in a queue. Two hold
// it: the queue and the child.
class queue_ticket {
 public:
  queue_ticket(placed_child_base& c, const job_queue& q) noexcept : link(c, q) {}
  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* p, std::size_t size) noexcept { free_block_of(p, size); }

  placed_child_base* take() noexcept { return link.word.take() ? &link.waits.child : nullptr; }
  bool waits() const noexcept { return link.word.is_queued(); }
  void drop() noexcept {
    if (holders_.fetch_sub(1, acq_rel) == 1)
      delete this;  // acq_rel: the last one sees all uses before
  }

  queue_ticket* next = nullptr;  // the queue's own link

 private:
  atomic<std::uint32_t> holders_{2};

 public:
  detail::remote_link link;  // the child's alone
};

}  // namespace kettle::inline KETTLE_ABI
