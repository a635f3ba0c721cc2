#include <kettle/base/assert.hpp>
#include <kettle/base/error.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/scope.hpp>
#include <kettle/core/wait_point.hpp>

#include "core/home.hpp"
#include "core/scope_control.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace kettle::inline KETTLE_ABI {

using detail::scope_wishes;

namespace {

void cancel_wait_of(context& c) noexcept {
  if (c.waiting_ && is_cancelled(c)) c.waiting_->cancel();
}

constexpr const char by_future[] = "cancelled by its future";

}  // namespace

shared_text cancel_reason(const context& c) noexcept {
  if (c.scope_ && c.scope_->effectively_cancelled()) return c.scope_->effective_reason();
  return by_future;
}

// The cause is an outer scope, and lives as long as we do.
shared_text cancel_scope::effective_reason() const noexcept {
  return cause_ ? cause_->reason_ : shared_text(by_future);
}

void check_cancelled() {
  context& c = this_context();
  c.at_->take_mail();  // a request from another thread may be lying there
  c.at_->fire_passed_deadlines();
  tls.current = &c;  // a child of ours that ended may have been among the mail
  if (is_cancelled(c)) throw cancelled{cancel_reason(c)};
}

time_point current_deadline() {
  context& c = this_context();
  return c.scope_ ? c.scope_->effective_deadline() : never;
}

cancel_scope::~cancel_scope() {
  KETTLE_ASSERT((!owner_ && !members_ && !first_child_) || exits_here(),
                "a scope was destroyed while still open");
  if (control_) control_->scope_ended();
}

void cancel_scope::add(context& c) noexcept {
  c.scope_ = this;
  c.scope_prev_ = nullptr;
  c.scope_next_ = members_;
  if (members_) members_->scope_prev_ = &c;
  members_ = &c;
}

void cancel_scope::remove(context& c) noexcept {
  if (!c.scope_) return;
  (c.scope_prev_ ? c.scope_prev_->scope_next_ : c.scope_->members_) = c.scope_next_;
  if (c.scope_next_) c.scope_next_->scope_prev_ = c.scope_prev_;
  c.scope_ = nullptr;
}

void cancel_scope::self_cancelled(context& c) noexcept {
  c.self_cancelled_ = true;
  cancel_scope* outermost = nullptr;
  for (cancel_scope* s = c.scope_; s && s->owner_ == &c; s = s->parent_) outermost = s;
  if (outermost)
    outermost->refresh();
  else
    cancel_wait_of(c);
}

void cancel_scope::enter(context& c) {
  if (used_) throw usage_error("a cancel_scope is used once: make a new one");
  c.at_->promise_timer();
  cancel_scope* outer = c.scope_;
  remove(c);
  owner_ = &c;
  link_under(outer, *c.at_);
  add(c);
}

void cancel_scope::open_under(cancel_scope* parent, home& at) {
  at.promise_timer();  // its deadline may be moved where nothing may be thrown
  link_under(parent, at);
}

void cancel_scope::link_under(cancel_scope* parent, home& at) noexcept {
  used_ = true;
  if (control_) control_->entered_on(at);
  at_ = &at;
  parent_ = parent;
  cancel_scope*& siblings = parent_ ? parent_->first_child_ : at.root_scopes;
  next_ = siblings;
  if (next_) next_->prev_ = this;
  siblings = this;
  if (relative_ != duration::max()) deadline_ = std::min(deadline_, after(at.now(), relative_));
  refresh();
  rearm();
}

void cancel_scope::exit() noexcept {
  context& c = *owner_;
  KETTLE_ASSERT(c.scope_ == this, "scopes must be closed innermost first");
  remove(c);
  owner_ = nullptr;
  if (!caught_) expired_ = false;  // its deadline passed, and the block ended without it
  cancel_scope* outer = parent_;
  close();
  if (outer) outer->add(c);
}

void cancel_scope::close() noexcept {
  if (control_) std::exchange(control_, nullptr)->scope_ended();
  kettle::disarm(*at_, *this);
  at_->unpromise_timer();
  KETTLE_ASSERT(!first_child_, "a scope was closed before the scopes inside it");
  (prev_ ? prev_->next_ : parent_ ? parent_->first_child_ : at_->root_scopes) = next_;
  if (next_) next_->prev_ = prev_;
  parent_ = prev_ = next_ = nullptr;
  at_ = nullptr;
}

bool cancel_scope::outer_visible() const noexcept {
  if (shield_) return false;
  return (parent_ && parent_->effective_) || (owner_ && self_cancel_at(*owner_, parent_));
}

bool cancel_scope::absorbs() noexcept {
  // A child on another thread may have met our deadline before our own timer did.
  if (!cancel_called_ && deadline_ <= at_->now() && deadline_ < enclosing_deadline())
    on_deadline(*this);
  return caught_ = cancel_called_ && !outer_visible();
}

template <class Wish> void cancel_scope::ask_home(Wish wish) noexcept {
  try {
    control().ask(wish);
  } catch (const std::bad_alloc&) {
    assertion_failed("new", "there is memory for a request to a scope of another thread", __FILE__,
                     __LINE__);
  }
}

void cancel_scope::cancel(shared_text reason) noexcept {
  if (is_elsewhere()) return ask_home([&](scope_wishes& w) { w.cancel(std::move(reason)); });
  if (cancel_called_) return;
  cancel_called_ = true;
  reason_ = std::move(reason);
  if (!at_) return;  // cancelled before entry: the first wait inside throws
  kettle::disarm(*at_, *this);
  refresh();
}

void cancel_scope::cancel_after(any_duration grace) noexcept {
  if (is_elsewhere()) return ask_home([&](scope_wishes& w) { w.cancel_after(grace); });
  if (at_)
    deadline(std::min(deadline_, after(at_->now(), grace)));
  else
    relative_ = std::min<duration>(relative_, grace);
}

void cancel_scope::deadline(time_point t) noexcept {
  if (is_elsewhere()) return ask_home([&](scope_wishes& w) { w.deadline(t); });
  const time_point former = deadline_;
  move_deadline(t);
  // A child on another thread may have met the former one before our own timer did. The clock is
  // looked at last: if it had not come by then, the child finds the new one when it comes.
  if (at_ && !cancel_called_ && former < enclosing_deadline() && former <= at_->now())
    on_deadline(*this);
}

void cancel_scope::move_deadline(time_point t) noexcept {
  deadline_ = t;
  if (at_) rearm();
}

void cancel_scope::shield(bool on) noexcept {
  if (is_elsewhere()) return ask_home([&](scope_wishes& w) { w.shield(on); });
  shield_ = on;
  if (!at_) return;
  refresh();
  rearm();
}

bool cancel_scope::ask_to_drain(any_duration grace) noexcept {
  if (!is_elsewhere()) return false;
  ask_home([&](scope_wishes& w) { w.drain_after(grace); });
  return true;
}

// The next scope in the walk of top's tree, parents first, when nothing below this one is to be
// visited.
cancel_scope* cancel_scope::after_subtree(const cancel_scope* top) noexcept {
  for (cancel_scope* s = this; s != top; s = s->parent_)
    if (s->next_) return s->next_;
  return nullptr;
}

// True: it has changed, and those inside it must be looked at.
bool cancel_scope::refresh_here() noexcept {
  bool outer = outer_visible();
  bool now = cancel_called_ || outer;
  if (now == effective_) return false;
  effective_ = now;
  if (!now) return true;
  cause_ = cancel_called_ ? this : parent_ && parent_->effective_ ? parent_->cause_ : nullptr;
  if (children_of) children_of->was_cancelled();
  // A wait that is cancelled may resume nobody before we are done: it only makes contexts ready.
  for (context* c = members_; c; c = c->scope_next_) cancel_wait_of(*c);
  return true;
}

void cancel_scope::refresh() noexcept {
  for (cancel_scope* s = this; s;)
    s = s->refresh_here() && s->first_child_ ? s->first_child_ : s->after_subtree(this);
}

time_point cancel_scope::enclosing_deadline() const noexcept {
  return shield_ || !parent_ ? never : parent_->limit_;
}

// The outer scope wins ties: a timer is armed only for what ends strictly earlier than everything
// around it.
bool cancel_scope::rearm_here() noexcept {
  time_point enclosing = enclosing_deadline(), before = limit_;
  limit_ = std::min(deadline_, enclosing);
  kettle::disarm(*at_, *this);
  if (limit_ != before)
    for (context* c = members_; c; c = c->scope_next_)
      if (c->waiting_) c->waiting_->deadline_moves(limit_);
  if (!cancel_called_ && deadline_ < enclosing) {
    if (deadline_ <= at_->now())
      fire_(*this);
    else
      at_->arm_promised(*this, deadline_);
  }
  return limit_ != before;
}

void cancel_scope::rearm() noexcept {
  for (cancel_scope* s = this; s;)
    s = s->rearm_here() && s->first_child_ ? s->first_child_ : s->after_subtree(this);
}

void cancel_scope::on_deadline(timer& t) noexcept {
  auto& self = static_cast<cancel_scope&>(t);
  self.expired_ = true;
  self.cancel("deadline");
}

}  // namespace kettle::inline KETTLE_ABI
