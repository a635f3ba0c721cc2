#pragma once
// One OS thread's share of the house: a ready list, a timer heap, an inbox, and a back end when it
// does I/O.
//
// Everything in it is touched by its own thread only, but for the inbox. A waiting thread runs its
// home: there is no other loop. Memory order of the inbox word (null: awake and empty; asleep, idle
// or counted; or a list of mail, newest first):
//   post   acq_rel: the receiver sees what the sender wrote; who finds a sleeper sees how it
//          sleeps, and wakes it
//   take   acquire
//   sleep  release compare-exchange null -> asleep, for in_poll_
// No seq_cst fence is needed: post and sleep meet in one word.

#include "core/backend.hpp"
#include "core/domain.hpp"
#include "core/face.hpp"
#include "core/timer_heap.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/core/budget.hpp>
#include <kettle/core/context.hpp>
#include <kettle/core/job_queue.hpp>
#include <kettle/core/mail.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace kettle::inline KETTLE_ABI {

class following_scope;

// A back end of that kind; with a world, the one of virtual time in it. Defined by the loop room,
// which knows them.
std::unique_ptr<backend> make_backend(backend_kind kind, virtual_world* world);

// A stack of an OS thread, from which it dispatches while it waits: the thread's own, or that of a
// job which it runs on top, perhaps in the middle of a wait. Each has waits of its own.
class thread_context : public context {
 public:
  explicit thread_context(home& at) noexcept;

  // Jobs of our own queue that this one waits for: how many have not ended, and those that nobody
  // has begun, newest first. The others are taken out of the list when they are met.
  std::uint32_t unfinished = 0;
  detail::remote_link* queued = nullptr;

 private:
  friend class home;
  bool woken_ = false;
};

class home : public detail::list_links<home> {  // among those of its domain
 public:
  home();
  ~home();
  home(const home&) = delete;
  home& operator=(const home&) = delete;

  // This thread's, made on first use; closes after the destructors of the thread's C++ objects.
  // When the process exits nothing closes it.
  static home& here();

  // Dispatches until that context, on whose stack we are, is woken.
  void run_until_woken(thread_context& me);
  // Takes the mail that has come; cheap when none has.
  void take_mail() noexcept;
  // Takes mail until `flag` is true: for an answer that is on its way from another thread.
  void run_until(const bool& flag);

  void push_ready(context& c) noexcept {
    c.mail_next_ = nullptr;
    if (ready_tail_)
      ready_tail_->mail_next_ = &c;
    else
      ready_head_ = &c;
    ready_tail_ = &c;
  }
  context* pop_ready() noexcept {
    context* c = ready_head_;
    if (!c) return nullptr;
    ready_head_ = static_cast<context*>(c->mail_next_);
    if (!ready_head_) ready_tail_ = nullptr;
    return c;
  }
  // c lets everybody else who is ready run once. With nobody there to take the turn it waits to
  // hear of others: the loop looks around.
  void give_way(context& c) noexcept {
    if (!ready_head_) tls.budget = 0;
    push_ready(c);
  }
  context* first_ready() const noexcept { return ready_head_; }  // a fiber switches to it directly
  bool has_ready() const noexcept { return ready_head_ != nullptr; }
  // Nobody is ready, and nothing of the kernel's or from other threads is awaited or here.
  bool is_idle() const noexcept {
    return !ready_head_ && !(backend_ && backend_->pending() > 0) && !inbox_.load(relaxed);
  }
  void post(mail& m) noexcept;

  // Cancels the scopes whose time has come, for code that computes and does not return to the
  // dispatcher.
  void fire_passed_deadlines() noexcept { fire_due(); }

  time_point now() noexcept;
  void arm(timer& t, time_point when) { timers_.push(t, when); }
  // For a timer that must be armed where nothing may be thrown: its room is made before.
  void promise_timer() { timers_.promise(); }
  void unpromise_timer() noexcept { timers_.unpromise(); }
  void arm_promised(timer& t, time_point when) noexcept { timers_.push_promised(t, when); }
  void disarm(timer& t) noexcept { timers_.remove(t); }

  bool has_backend() const noexcept { return backend_ != nullptr; }
  bool has_requests() const noexcept { return backend_ && backend_->pending() > 0; }
  backend& io();  // made on first use
  void use_backend(std::unique_ptr<backend> b) noexcept { backend_ = std::move(b); }
  std::unique_ptr<backend> give_backend() noexcept { return std::move(backend_); }

  // Told once, at that real time, if the thread waits then or comes to its dispatcher. Nothing that
  // could still happen hangs on it: a deadlock stays one.
  struct lookout {
    void (*time_has_come)(lookout&) noexcept;
    time_point when = never;
  };
  // Gives the one before; null: none.
  lookout* look_out(lookout* l) noexcept { return std::exchange(lookout_, l); }

  domain& in() noexcept { return *domain_; }
  void enter(
      domain& d) noexcept;  // its own thread; from now on d's clock and deadlock count hold here
  void leave() noexcept;
  bool asleep() const noexcept;  // for the domain's deadlock check
  bool sleeps() const noexcept;  // no mail has come for it; for its queue's
  bool rouse() noexcept;         // the domain has moved the clock
  time_point next_timer() const noexcept { return published_timer_.load(acquire); }

  // The companions in force here: the run's, else those of the thread that we work for, else our
  // own.
  companion_set& companions() noexcept;
  void end_own_companions() noexcept { own_.clear(); }
  void work_for(companion_set* others) noexcept { inherited_ = others; }
  // The queue whose jobs this thread runs; null: none's.
  void take_jobs_from(job_queue* q) noexcept {
    queue_ = q;
    face_.rests(q != nullptr);
  }
  job_queue* takes_jobs_from() const noexcept { return queue_; }

  thread_context& thread() noexcept { return *thread_; }  // the innermost
  static bool is_thread(const context& c) noexcept { return c.kind_ == &thread_kind; }
  // Makes a job's context the innermost; gives the one that was.
  thread_context& stand_on(thread_context& job) noexcept { return *std::exchange(thread_, &job); }
  home* next_stuck = nullptr;  // for its queue, see job_queue::gets_stuck()
  // While it sleeps, stuck; under its queue's lock.
  bool could_give_up() const noexcept;
  void tell_to_give_up() noexcept;
  // What runs while the dispatcher tells the program something (on_done, the destructor of a result
  // that nobody wants). It cannot block: the thread is in the midst of a wait.
  context& callback() noexcept { return callback_; }
  // Outside of all that waits: nothing of ours is on this thread's stack.
  bool is_at_rest() const noexcept {
    return tls.current == thread_ && !thread_->scope_ && !active_roots &&
           domain_ == &domain::outside();
  }
  // A forked child that goes on in here is told so, and ends.
  void check_ours() const noexcept;
  // A nursery is open on this thread's stack.
  bool is_in_nursery() const noexcept;
  // The root scopes of the remote children that run on this thread, innermost first: more than one
  // while it helps out.
  struct active_root {
    following_scope& scope;
    thread_context& job;
    active_root* outer;
  };
  active_root* active_roots = nullptr;
  // The one that c belongs to; null: to none.
  active_root* job_of(const context& c) const noexcept;
  cancel_scope* root_scopes = nullptr;  // those in no other one: all tasks are below them
  home_face& face() noexcept { return face_; }
  // Somebody outside kettle (a signal, a foreign thread) may wake a wait of this home: no deadlock
  // meanwhile.
  atomic<std::int32_t> outside_wakers{0};
  // Waits that anybody may end who knows nothing of kettle: no deadlock while there is such a one.
  atomic<std::int32_t> open_waits{0};

 private:
  friend class domain;
  friend struct debugger_view;
  friend class thread_context;
  static void resume_thread(context& c) noexcept;
  static void park_thread(context& c);
  static void leave_in_child() noexcept;
  void change_domain(domain& d) noexcept;
  void fire_due() noexcept;
  void look_around();
  void poll_now();
  // Stuck: nothing of its own will ever wake this thread. It waits for jobs of its own queue that
  // it cannot run itself, and only others of the queue could.
  void sleep_until(time_point until, bool stuck = false);
  void give_up_awaited(mail* mine) noexcept;
  void wake_up() noexcept;
  void wait_for_posters() noexcept;

  static constexpr context_kind thread_kind{"thread", resume_thread, park_thread};
  static constexpr context_kind callback_kind{"callback", resume_thread, nullptr};

  context* ready_head_ = nullptr;
  context* ready_tail_ = nullptr;
  atomic<mail*> inbox_{nullptr};
  atomic<std::int32_t> posters_{0};  // posts under way: the home waits for them before it goes
  atomic<time_point> published_timer_{never};
  atomic<std::uint32_t> futex_{0};
  struct give_up_note : mail {
    give_up_note() noexcept : mail(deliver) {}
    static void deliver(mail& m) noexcept;
    atomic<bool> posted{false};
  } give_up_note_;
  atomic<bool> in_poll_{false};  // how wake_up() reaches us
  timer_heap timers_;
  std::unique_ptr<backend> backend_, parents_backend_;
  domain* domain_;
  domain* former_domain_ = nullptr;
  thread_context base_;
  thread_context* thread_ = &base_;
  context callback_;
  companion_set* inherited_ = nullptr;
  job_queue* queue_ = nullptr;
  companion_set own_;
  lookout* lookout_ = nullptr;
  home_face face_;
};

}  // namespace kettle::inline KETTLE_ABI
