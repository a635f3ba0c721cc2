#include <kettle/base/assert.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/place.hpp>

#include "core/home.hpp"

namespace kettle::inline v0 {

namespace {

void never_resumed(context&) noexcept {
  KETTLE_ASSERT(false, "a child on another thread is resumed there, not on its nursery's home");
}

constexpr context_kind remote_kind{"thread", never_resumed, nullptr};

}  // namespace

const context_kind unplaced_kind{"unplaced", never_resumed, nullptr};

// A pool's own task has no nursery: then there is no home to come back to, and no domain that counts it.
bool placed_child_base::begin_remote(job_queue& queue) noexcept {
  kind_ = &remote_kind;
  queue_ = &queue;
  if (!nursery_) return true;
  link_.deadline = scope_->effective_deadline();
  link_.domain = &at_->in();
  link_.domain->work_begins();
  waiting_ = &remote_wait_;
  if (!is_cancelled(*this)) return true;
  end_unrun();
  return false;
}

void placed_child_base::run_remote() noexcept {
  home& here = home::here();
  if (link_.domain) here.enter(*link_.domain);
  cancel_scope root(link_.deadline);
  root.enter(here.thread());
  link_.worker = &here;
  link_.root = &root;
  std::uint8_t before = link_.bits.fetch_or(detail::remote_link::running, acq_rel);
  bool asked_early = before & detail::remote_link::cancel_asked;
  if (asked_early) root.cancel("cancelled by its nursery");

  held_lock* outer = std::exchange(here.thread().held_, nullptr);  // a thread may help out in the middle of its work
  call();
  abandon_held(here.thread(), name_);
  here.thread().held_ = outer;

  before = link_.bits.fetch_or(detail::remote_link::finished, acq_rel);
  // The note is a part of this node: it must have arrived before the node can go.
  if (!asked_early && (before & detail::remote_link::cancel_asked)) here.run_until(link_.cancel_delivered);
  root.exit();

  domain* d = link_.domain;
  if (d) here.leave();
  if (nursery_)
    post(*at_, finished_note_);
  else
    complete();
  if (d) d->work_ends();
}

void placed_child_base::ask_remote_cancel() noexcept {
  std::uint8_t before = link_.bits.fetch_or(detail::remote_link::cancel_asked, acq_rel);
  if (before & (detail::remote_link::cancel_asked | detail::remote_link::finished)) return;
  if (before & detail::remote_link::running)
    post(*link_.worker, cancel_note_);
  else if (queue_->take_back(*this))
    end_unrun();
  // else a worker has just taken it: it finds cancel_asked when it sets `running`
}

void placed_child_base::end_unrun() noexcept {
  ending_ = ending::cancelled;
  if (!nursery_) return complete();
  domain* d = link_.domain;
  post(*at_, finished_note_);  // not at once: whoever cancels us is walking our scope's members
  d->work_ends();
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

void placed_child_base::deliver_finished(mail& m) noexcept { static_cast<note&>(m).child.finish(); }

}  // namespace kettle::inline v0
