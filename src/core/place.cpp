#include <kettle/base/assert.hpp>
#include <kettle/core/frame.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/place.hpp>

#include "base/must_make.hpp"
#include "core/home.hpp"
#include "sys/thread.hpp"

namespace kettle::inline v0 {

namespace {

void never_resumed(context&) noexcept {
  KETTLE_ASSERT(false, "a child on another thread is resumed there, not on its nursery's home");
}

constexpr context_kind remote_kind{"thread", never_resumed, nullptr};

}  // namespace

namespace detail {

// Ends the blocking system calls of one thread, again and again until its child has ended: a signal
// that comes just before such a call is lost. Armed on the nursery's home.
class interrupter : public timer {
 public:
  explicit interrupter(home& at) noexcept : timer(fire), at_(at) {}
  ~interrupter() { at_.disarm(*this); }

  void this_thread() noexcept {
    sys::allow_interrupts();
    thread_ = sys::this_thread();
  }
  void begin() {
    sys::interrupt_thread(thread_);
    at_.arm(*this, after(at_.now(), std::chrono::milliseconds(10)));
  }

 private:
  static void fire(timer& t) noexcept { static_cast<interrupter&>(t).begin(); }
  home& at_;
  sys::thread_handle thread_{};
};

}  // namespace detail

placed_child_base::~placed_child_base() {
  if (ticket_) ticket_->drop();
  delete link_.interrupts;
}

const context_kind unplaced_kind{"unplaced", never_resumed, nullptr};

// A pool's own task has no nursery: then there is no home to come back to, and no domain that
// counts it.
bool placed_child_base::begin_remote(job_queue& queue) noexcept {
  kind_ = &remote_kind;
  queue_ = &queue;
  ticket_ = must_make<queue_ticket>(*this);
  if (!nursery_) return true;
  if (lateness_ == lateness::interruptible) link_.interrupts = must_make<detail::interrupter>(*at_);
  link_.deadline = scope_->effective_deadline();
  link_.domain = &at_->in();
  link_.backlog = link_.domain->job_waits(queue);
  waiting_ = &remote_wait_;
  if (!is_cancelled(*this)) return true;
  link_.bits.store(detail::remote_link::cancel_asked,
                   relaxed);  // nobody else knows us; a second one ends nothing
  end_unrun();
  return false;
}

void placed_child_base::run_remote() noexcept {
  home& here = home::here();
  domain& outer_domain = here.in();
  if (link_.domain) link_.domain->job_begins(link_.backlog);
  if (link_.domain && link_.domain != &outer_domain) here.enter(*link_.domain);
  context* outer_context = std::exchange(tls.current, &here.thread());
  cancel_scope root(link_.deadline);
  root.shield(true);  // whom we help out is no parent of ours
  root.enter(here.thread());
  home::active_root active{root, here.active_roots};
  bool helping =
      active.outer != nullptr;  // the thread is counted as busy already, and sleeps once, not twice
  if (helping && link_.domain) link_.domain->work_ends();
  here.active_roots = &active;
  if (link_.interrupts) link_.interrupts->this_thread();
  link_.worker = &here;
  link_.root = &root;
  std::uint8_t before = link_.bits.fetch_or(detail::remote_link::running, acq_rel);
  bool asked_early = before & detail::remote_link::cancel_asked;
  if (asked_early) root.cancel("cancelled by its nursery");

  held_lock* outer = std::exchange(here.thread().held_,
                                   nullptr);  // a thread may help out in the middle of its work
  call();
  abandon_held(here.thread(), name_);
  here.thread().held_ = outer;

  before = link_.bits.fetch_or(detail::remote_link::finished, acq_rel);
  // The note is a part of this node: it must have arrived before the node can go.
  if (!asked_early && (before & detail::remote_link::cancel_asked))
    here.run_until(link_.cancel_delivered);
  here.active_roots = active.outer;
  root.exit();

  tls.current = outer_context;
  if (&here.in() != &outer_domain) here.enter(outer_domain);
  if (helping && link_.domain) link_.domain->work_begins();  // for the note
  if (nursery_)
    post(*at_, finished_note_);
  else
    complete();
}

void placed_child_base::ask_remote_cancel() noexcept {
  std::uint8_t before = link_.bits.fetch_or(detail::remote_link::cancel_asked, acq_rel);
  if (before & (detail::remote_link::cancel_asked | detail::remote_link::finished)) return;
  if (queue_->cancel(*this)) return;
  if (before & detail::remote_link::running) {
    post(*link_.worker, cancel_note_);
    if (link_.interrupts) link_.interrupts->begin();
  } else if (ticket_->take()) {
    end_unrun();
  }  // else a worker has just taken it: it finds cancel_asked when it sets `running`
}

void placed_child_base::end_unrun() noexcept {
  if (ending_ == ending::none) ending_ = ending::cancelled;
  if (!nursery_) return complete();
  link_.domain->job_begins(link_.backlog);
  post(*at_, finished_note_);  // not at once: whoever cancels us is walking our scope's members
}

bool placed_child_base::help() noexcept {
  // Not in a coroutine or fiber of its own, whose thread is already in the middle of a wait; not
  // with another clock.
  if (!queue_ || !queue_->is_here() || tls.current != &tls.at->thread() || stack_is_deep())
    return false;
  if (&tls.at->in() != (link_.domain ? link_.domain : &domain::outside())) return false;
  if (!ticket_->take()) return false;
  run_remote();
  return true;
}

bool placed_child_base::help_one_of(cancel_scope& s) noexcept {
  if (tls.current != &tls.at->thread()) return false;
  for (context* c = s.first_member(); c; c = c->scope_next_) {
    if (c->kind_ != &remote_kind) continue;
    auto& child = static_cast<placed_child_base&>(*c);
    if (child.ticket_->waits() && child.help()) return true;
  }
  return false;
}

void placed_child_base::request_cancel() noexcept {
  if (!queue_) return child_base::request_cancel();
  self_cancelled_ = true;
  ask_remote_cancel();
}

void placed_child_base::deliver_cancel(mail& m) noexcept {
  placed_child_base& self = static_cast<note&>(m).child;
  self.link_.cancel_delivered = true;
  self.link_.root->cancel("cancelled by its nursery");
}

// The domain's count of our work travels with the note: the worker must not touch the domain once
// it is posted.
void placed_child_base::deliver_finished(mail& m) noexcept {
  placed_child_base& self = static_cast<note&>(m).child;
  domain* d = self.link_.domain;
  delete std::exchange(self.link_.interrupts, nullptr);  // here, where its timer lives
  self.finish();
  d->work_ends();
}

}  // namespace kettle::inline v0
