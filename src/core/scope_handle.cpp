#include <kettle/core/scope_handle.hpp>

#include "core/scope_control.hpp"

#include <kettle/core/nursery.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::scope_control;
using detail::scope_wishes;

void scope_wishes::grant_to(cancel_scope& s) noexcept {
  if (at) s.deadline(*at);
  if (grace != duration::max()) s.cancel_after(grace);
  if (draining_grace != duration::max()) s.children_of->cancel_after(draining_grace);
  if (shielded) s.shield(*shielded);
  if (cancelled) s.cancel(std::move(reason));
}

void scope_control::news::deliver(mail& m) noexcept {
  scope_control& c = static_cast<news&>(m).control;
  scope_wishes wishes;
  {
    spin_guard here(c.lock);
    c.note.under_way = false;
    wishes = std::exchange(c.wishes, {});
  }
  if (c.scope) wishes.grant_to(*c.scope);  // it ends on this thread only
  c.count();
  c.drop();
}

void scope_control::count() noexcept {
  bool now = scope && at && handles.load(relaxed) > 0;
  if (now == counted) return;
  counted = now;
  at->outside_wakers.fetch_add(now ? 1 : -1, relaxed);
}

void scope_control::entered_on(home& h) noexcept {
  {
    spin_guard here(lock);
    at = &h;
    wishes.grant_to(*scope);  // it is not open yet: nothing is woken
    wishes = {};
  }
  count();
}

void scope_control::scope_ended() noexcept {
  {
    spin_guard here(lock);
    scope = nullptr;
  }
  count();
  drop();
}

// What it shares with other threads is made once, by whoever needs it first.
scope_control& cancel_scope::control() {
  static constinit spin_lock making;
  spin_guard here(making);
  if (!control_) {
    control_ = new scope_control(used_ && !at_ ? nullptr : this);
    control_->at = at_;
  }
  return *control_;
}

scope_handle cancel_scope::handle() {
  scope_handle h(&control());
  control_->count();
  return h;
}

scope_handle::scope_handle(scope_control* c) noexcept : control_(c) {
  control_->holders.fetch_add(1, relaxed);  // the one who gives it to us holds one
  control_->handles.fetch_add(1, relaxed);
}

scope_handle::scope_handle(const scope_handle& o) noexcept : scope_handle(o.control_) {}

scope_handle::~scope_handle() {
  if (!control_) return;
  // release, acquire by the one who finds it zero: nothing is published by it, the lock orders what
  // follows.
  if (control_->handles.fetch_sub(1, acq_rel) == 1) control_->ask([](scope_wishes&) {});
  control_->drop();
}

void scope_handle::cancel(shared_text reason) const noexcept {
  control_->ask([&](scope_wishes& w) { w.cancel(std::move(reason)); });
}

void scope_handle::deadline(time_point t) const noexcept {
  control_->ask([&](scope_wishes& w) { w.deadline(t); });
}

void scope_handle::cancel_after(any_duration grace) const noexcept {
  control_->ask([&](scope_wishes& w) { w.cancel_after(grace); });
}

}  // namespace kettle::inline KETTLE_ABI
