#pragma once
// How a child travels to another thread: the queue that it is given to, and the ticket that lies
// there in its place, with all that only such a child needs.

#include <kettle/base/atomic.hpp>
#include <kettle/base/clock.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/core/mail.hpp>
#include <kettle/core/wait_point.hpp>

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
  // A queue whose jobs do not run on a home of this process ends them itself: true, it will.
  virtual bool cancel(placed_child_base&) noexcept { return false; }
  // The deadline in force at its nursery has moved; where the child runs it is read from its link.
  virtual void deadline_moves(placed_child_base&, time_point) noexcept {}
  // How somebody who has nothing else to do, and is about to sleep until a job of it has ended, may
  // see to that himself for some microseconds. The queue may be gone by then. Null: there is no
  // way.
  using looker = void (*)(const job_queue*, placed_child_base&) noexcept;
  virtual looker end_looker() const noexcept { return nullptr; }
  // A thread of it sleeps for jobs of its own, of which it can run none itself. True: so do all
  // others, and nobody will ever run those that are queued: it is to give up its own. (Or another
  // thread has been told so.) Then, and when it wakes, goes_on().
  virtual bool gets_stuck(home&) noexcept { return false; }
  virtual void goes_on(home&) noexcept {}
};

namespace detail {

class interrupter;

// How a child that runs on another thread hangs together with its nursery.
struct remote_link {
  remote_link(placed_child_base& c, job_queue& q) noexcept;

  static constexpr std::uint8_t running = 1, cancel_asked = 2, finished = 4;
  atomic<std::uint8_t> bits{
      0};  // acq_rel throughout: each side reads what the other wrote before its bit
  bool cancel_delivered = false;  // on the worker
  job_queue& queue;
  const job_queue::looker look_for_end;
  home* worker = nullptr;        // valid once `running` is set
  int thread_id = 0;             // its thread, likewise
  cancel_scope* root = nullptr;  // the worker's
  kettle::domain* domain = nullptr;
  kettle::backlog* backlog = nullptr;  // where the domain counts it until it begins
  atomic<time_point> deadline{never};  // in force there; moved by the nursery's home
  shared_text reason;                  // of the cancellation; valid once `cancel_asked` is set
  interrupter* interrupts = nullptr;   // of an interruptible child; lives as long as the child

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
  queue_ticket(placed_child_base& c, job_queue& q) noexcept : child_(&c), link(c, q) {}
  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* p, std::size_t size) noexcept { free_block_of(p, size); }

  // acq_rel: the taker sees the child as its starter left it.
  placed_child_base* take() noexcept {
    if (!child_.load(relaxed)) return nullptr;  // spares a write to somebody else's cache line
    return child_.exchange(nullptr, acq_rel);
  }
  bool waits() const noexcept { return child_.load(relaxed) != nullptr; }
  void drop() noexcept {
    if (holders_.fetch_sub(1, acq_rel) == 1)
      delete this;  // acq_rel: the last one sees all uses before
  }

  queue_ticket* next = nullptr;  // the queue's own link

 private:
  atomic<placed_child_base*> child_;
  atomic<std::uint32_t> holders_{2};

 public:
  detail::remote_link link;  // the child's alone
};

}  // namespace kettle::inline KETTLE_ABI
