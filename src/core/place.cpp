#include <kettle/base/assert.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/core/frame.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/place.hpp>

#include "core/following_scope.hpp"
#include "core/home.hpp"
#include "sys/interrupts.hpp"

#include <memory>
#include <optional>

namespace kettle::inline KETTLE_ABI {

namespace {

void never_resumed(context&) noexcept {
  KETTLE_ASSERT(false, "a child on another thread is resumed there, not on its nursery's home");
}

// While a thread runs a child it has the child's name, for the system too.
class carried_label {
 public:
  carried_label(home& at, detail::text_block* label) noexcept
      : at_(at), outer_(at.face().carry(at.thread(), detail::text_block::keep(label))) {
    if (!label || !label->travels) return;
    former_ = sys::thread_name();
    sys::name_thread(label->text());
  }
  carried_label(const carried_label&) = delete;
  carried_label& operator=(const carried_label&) = delete;
  ~carried_label() {
    if (former_.text[0]) sys::name_thread(former_.text);
    detail::text_block::drop(at_.face().carry(at_.thread(), outer_));
  }

 private:
  home& at_;
  detail::text_block* outer_;
  sys::short_name former_;
};

// A thread runs a job of another run: in the domain of that one, and with I/O of its clock. A
// network in memory ends with its run, which a pool's thread may outlive.
class guest {
 public:
  guest(home& here, domain* of) : here_(here), own_(here.in()) {
    if (!of || of == &own_) return;
    here.enter(*of);  // first: it waits for posters, who may be about to wake the back end
    if (of->world() == own_.world()) return;
    other_clock_ = true;
    backend_ = here.give_backend();
  }
  guest(const guest&) = delete;
  guest& operator=(const guest&) = delete;
  void leaves() noexcept {
    if (&here_.in() != &own_) here_.enter(own_);
    if (other_clock_) here_.use_backend(std::move(backend_));
  }
  domain& own() const noexcept { return own_; }

 private:
  home& here_;
  domain& own_;
  std::unique_ptr<backend> backend_;
  bool other_clock_ = false;
};

constexpr context_kind remote_kind{"thread", never_resumed, nullptr};
constexpr context_kind process_kind{"process", never_resumed, nullptr};

// A job of the link's queue waits for it, through c: so it may run it itself. Only a job that c is
// a part of: on the stack of another one, which may wait for something else, it could block both.
void awaited_by(const context& c, detail::remote_link& link) noexcept {
  home& here = *c.at_;
  if (here.takes_jobs_from() != &link.queue) return;  // it may be gone: another one's address
  if (home::active_root* root = here.job_of(c)) link.await_in(root->job);
}

}  // namespace

namespace detail {

// Ends the blocking system calls of one thread, again and again until its child has ended: a signal
// that comes just before such a call is lost. Armed on the nursery's home.
class interrupter : public timer {
 public:
  explicit interrupter(home& at) : timer(fire), at_(at) { at.promise_timer(); }
  ~interrupter() {
    at_.disarm(*this);
    at_.unpromise_timer();
  }

  void this_thread() noexcept {
    here_.emplace();
    thread_ = sys::this_thread();
  }
  // On that thread: it goes on to other work, and no signal comes any more.
  void over() noexcept {
    {
      spin_guard here(lock_);
      over_ = true;
    }
    here_.reset();
  }
  void begin() noexcept {
    {
      spin_guard here(lock_);
      if (over_) return;
      sys::interrupt_thread(thread_);
    }
    at_.arm_promised(*this, after(at_.now(), std::chrono::milliseconds(10)));
  }

 private:
  static void fire(timer& t) noexcept { static_cast<interrupter&>(t).begin(); }
  home& at_;
  sys::thread_handle thread_{};
  std::optional<sys::interruptible> here_;  // the thread's
  spin_lock lock_;
  bool over_ = false;
};

remote_link::remote_link(placed_child_base& c, const job_queue& q) noexcept
    : queue(q),
      far(q.far()),
      waits(c),
      cancel_note(placed_child_base::deliver_cancel, c),
      finished_note(placed_child_base::deliver_finished, c) {}

void remote_link::await_in(thread_context& job) noexcept {
  if (awaited_in) return;
  awaited_in = &job;
  job.unfinished++;
  listed = true;
  prev_awaited = nullptr;
  next_awaited = job.queued;
  if (next_awaited) next_awaited->prev_awaited = this;
  job.queued = this;
}

void remote_link::begun() noexcept {
  if (!std::exchange(listed, false)) return;
  (prev_awaited ? prev_awaited->next_awaited : awaited_in->queued) = next_awaited;
  if (next_awaited) next_awaited->prev_awaited = prev_awaited;
}

void remote_link::not_awaited() noexcept {
  if (!awaited_in) return;
  begun();
  std::exchange(awaited_in, nullptr)->unfinished--;
}

void remote_link::wait::cancel() noexcept { child.ask_remote_cancel(cancel_reason(child)); }

// An earlier one is met at the nursery, which then cancels. seq_cst: it is there for the thread
// before our home looks at the clock, to see whether the former one has come.
void remote_link::wait::deadline_moves(time_point t) noexcept {
  remote_link& link = child.ticket().link;
  link.deadline.store(t, seq_cst);
  if (link.far) link.far->deadline_moves(&link.queue, child, t);
}

const char* remote_link::wait::what() const noexcept {
  if (child.ticket().link.far) return "a worker process";
  return child.ticket().waits() ? "a free thread" : "another thread";
}

int remote_link::wait::runs_on() const noexcept {
  const remote_link& link = child.ticket().link;
  return link.word.at() >= job_word::stage::running ? link.thread_id : 0;
}

void remote_link::wait::describe(std::string& out) const {
  if (int thread = runs_on())
    out += "runs on thread " + std::to_string(thread);
  else
    wait_point::describe(out);
}

}  // namespace detail

placed_child_base::~placed_child_base() {
  if (!ticket_) return;
  delete ticket_->link.interrupts;
  ticket_->drop();
}

const context_kind unplaced_kind{"unplaced", never_resumed, nullptr};

// A pool's own task has no nursery: then there is no home to come back to, and no domain that
// counts it.
bool placed_child_base::begin_remote(job_queue& queue) {
  std::unique_ptr<queue_ticket> ticket(new queue_ticket(*this, queue));
  std::unique_ptr<detail::interrupter> interrupts;
  if (nursery_ && lateness_ == lateness::interruptible)
    interrupts = std::make_unique<detail::interrupter>(*at_);
  backlog* counted = nursery_ ? at_->in().job_waits(queue) : nullptr;
  kind_ = queue.far() ? &process_kind : &remote_kind;
  ticket_ = ticket.release();
  if (!nursery_) return true;
  detail::remote_link& link = ticket_->link;
  link.interrupts = interrupts.release();
  link.deadline.store(scope_->effective_deadline(), relaxed);
  if (home::active_root* job = at_->job_of(*this);
      job && job->scope.effective_deadline() == scope_->effective_deadline())
    link.follows.from = &job->scope.follows;
  link.domain = &at_->in();
  link.backlog = counted;
  waiting_ = &link.waits;
  if (!is_cancelled(*this)) return true;
  ticket_->take();  // nobody may find us there: we are ended here
  end_unrun();
  return false;
}

void placed_child_base::run_remote() noexcept {
  detail::remote_link& link = ticket_->link;
  home& here = home::here();
  if (link.domain) link.domain->job_begins(link.backlog);
  guest visit(here, link.domain);
  // Who knows nothing of our run may have to wake a task that has none.
  bool stranger = !link.domain && &visit.own() != &domain::outside();
  if (stranger) here.outside_wakers.fetch_add(1, relaxed);
  thread_context me(here);
  thread_context& outer_thread = here.stand_on(me);
  context* outer_context = std::exchange(tls.current, &me);
  following_scope root(link.follows);
  root.shield(true);  // whom we help out is no parent of ours
  root.enter(me);
  home::active_root active{root, me, here.active_roots};
  bool helping =
      active.outer != nullptr;  // the thread is counted as busy already, and sleeps once, not twice
  if (helping && link.domain) link.domain->work_ends();
  here.active_roots = &active;
  bool rested = here.face().resting();
  here.face().rests(false);
  if (link.interrupts) link.interrupts->this_thread();
  link.worker = &here;
  link.thread_id = here.face().thread_id();
  link.root = &root;
  bool asked_early = link.word.runs();

  if (asked_early) {
    ending_ = ending::cancelled;  // before its first step: it never runs
  } else {
    carried_label as_child(here, label_);
    call();
  }
  here.check_ours();
  if (link.interrupts) link.interrupts->over();
  abandon_held(me, name());

  // The note is a part of this node: it must have arrived before the node can go.
  if (link.word.finishes() && !asked_early) here.run_until(link.cancel_delivered);
  here.active_roots = active.outer;
  root.exit();
  here.face().rests(rested);
  if (here.face().is_asked()) here.take_mail();  // before it rests

  here.stand_on(outer_thread);
  here.face().runs(outer_thread.label_);
  tls.current = outer_context;
  if (stranger) here.outside_wakers.fetch_sub(1, relaxed);
  visit.leaves();
  if (helping && link.domain) link.domain->work_begins();  // for the note
  if (nursery_)
    post(*at_, link.finished_note);
  else
    complete();  // nobody's request is under way: a pool's task is asked at once
}

void placed_child_base::ask_remote_cancel(shared_text reason) noexcept {
  detail::remote_link& link = ticket_->link;
  if (link.word.is_asked()) return;  // by us, who else
  link.reason = std::move(reason);
  job_word::stage before = link.word.ask();
  if (before == job_word::stage::finished) return;
  if (link.far) return link.far->cancel(&link.queue, *this);
  if (before == job_word::stage::running) {
    post(*link.worker, link.cancel_note);
    if (link.interrupts) link.interrupts->begin();
  } else if (ticket_->take()) {
    end_unrun();
  }  // else a worker has just taken it: it finds that when it runs
}

void placed_child_base::end_unrun() noexcept {
  detail::remote_link& link = ticket_->link;
  KETTLE_ASSERT(!link.word.is_queued(), "only who takes a job ends it");
  if (ending_ == ending::none) ending_ = ending::cancelled;
  link.word.finishes();
  if (!nursery_) return void(complete());
  link.domain->job_begins(link.backlog);
  post(*at_, link.finished_note);  // not at once: whoever cancels us is walking our scope's members
}

void placed_child_base::end_unlaunched(std::exception_ptr e) noexcept {
  fail(std::move(e));
  if (!nursery_) return void(complete());
  if (keeps_error_) error_ = nullptr;  // its starter has it, and gets no future
  context* starter = tls.current;
  finish();
  tls.current = starter;
}

bool placed_child_base::help() noexcept {
  if (!ticket_) return false;
  detail::remote_link& link = ticket_->link;  // its queue may be gone
  if (tls.at->takes_jobs_from() != &link.queue) {
    if (link.far && tls.at->is_idle()) link.far->look_for_end(&link.queue, *this);
    return false;
  }
  if (place_state_ != 0) return false;  // one of its threads has it already
  // Not in a coroutine or fiber: for those their thread does it, before it sleeps. Not with another
  // clock.
  if (tls.current != &tls.at->thread() || stack_is_deep()) return false;
  domain& in = tls.at->in();
  if (link.domain ? link.domain != &in : in.world() != nullptr) return false;
  if (!ticket_->take()) return false;
  run_remote();
  return true;
}

void placed_child_base::awaited(const context* by) noexcept {
  if (!ticket_) return;
  detail::remote_link& link = ticket_->link;
  if (by)
    awaited_by(*by, link);
  else
    link.not_awaited();
}

bool placed_child_base::help_queued(thread_context& job) noexcept {
  for (detail::remote_link *l = job.queued, *next; l; l = next) {
    next = l->next_awaited;
    placed_child_base& c = l->waits.child;
    if (c.help()) return true;  // either may be gone
    if (!c.ticket().waits()) l->begun();
  }
  return false;
}

bool placed_child_base::has_queued(const thread_context& job) noexcept {
  for (detail::remote_link* l = job.queued; l; l = l->next_awaited)
    if (l->waits.child.ticket().waits()) return true;
  return false;
}

void placed_child_base::give_up_awaited(thread_context& job) noexcept {
  for (detail::remote_link* l = job.queued; l; l = l->next_awaited) {
    placed_child_base* c = l->waits.child.ticket().take();
    if (!c) continue;
    c->fail(std::make_exception_ptr(
        deadlock_error("deadlock: every thread of the pool waits for a task that is queued behind "
                       "them, and has no stack left to run it on")));
    return c->end_unrun();
  }
}

void placed_child_base::request_cancel() noexcept {
  if (!ticket_) return child_base::request_cancel();
  if (nursery_ && tls.at != at_) return ask_home_to_cancel();
  if (is_done()) return;  // its queue may be gone too
  self_cancelled_ = true;
  ask_remote_cancel(cancel_reason(*this));
}

void placed_child_base::deliver_cancel(mail& m) noexcept {
  detail::remote_link& link = static_cast<detail::remote_link::note&>(m).child.ticket_->link;
  link.cancel_delivered = true;
  link.root->cancel(link.reason);
}

// The domain's count of our work travels with the note: the worker must not touch the domain once
// it is posted.
void placed_child_base::deliver_finished(mail& m) noexcept {
  placed_child_base& self = static_cast<detail::remote_link::note&>(m).child;
  detail::remote_link& link = self.ticket_->link;
  domain* d = link.domain;
  link.not_awaited();
  delete std::exchange(link.interrupts, nullptr);  // here, where its timer lives
  self.finish();
  d->work_ends();
}

}  // namespace kettle::inline KETTLE_ABI
