#include <kettle/core/scope_handle.hpp>

#include "core/scope_control.hpp"

namespace kettle::inline KETTLE_ABI {

namespace {

using detail::scope_control;

enum class wish : std::uint8_t { cancel, deadline, cancel_after };

struct request final : mail {
  request(scope_control& c, wish w) noexcept : mail(deliver), control(c), what(w) {}
  static void deliver(mail& m) noexcept;

  scope_control& control;
  wish what;
  shared_text reason;
  time_point when{};
  duration grace{};
};

void request::deliver(mail& m) noexcept {
  auto* self = static_cast<request*>(&m);
  scope_control& c = self->control;
  if (c.scope) {  // written on this thread only
    switch (self->what) {
      case wish::cancel: c.scope->cancel(std::move(self->reason)); break;
      case wish::deadline: c.scope->deadline(self->when); break;
      case wish::cancel_after: c.scope->cancel_after(self->grace); break;
    }
  }
  delete self;
  c.drop();
}

// False: the scope has ended.
bool send(scope_control& c, mail& m) noexcept {
  c.holders.fetch_add(1, relaxed);  // we hold one ourselves
  {
    spin_guard here(c.lock);  // while the scope is there, so is its home
    if (c.scope) return post(*c.at, m), true;
  }
  c.drop();
  return false;
}

void send(request* r) {
  if (!send(r->control, *r)) delete r;
}

}  // namespace

void detail::scope_control::note::deliver(mail& m) noexcept {
  auto& self = static_cast<note&>(m);
  scope_control& c = self.control;
  self.under_way.exchange(false, acq_rel);
  c.count();
  c.drop();
}

void detail::scope_control::count() noexcept {
  bool now = scope && handles.load(relaxed) > 0;
  if (now == counted) return;
  counted = now;
  at->outside_wakers.fetch_add(now ? 1 : -1, relaxed);
}

void detail::scope_control::moves_to(home& h) noexcept {
  if (counted) at->outside_wakers.fetch_sub(1, relaxed), h.outside_wakers.fetch_add(1, relaxed);
  spin_guard here(lock);
  at = &h;
}

void detail::scope_control::scope_ended() noexcept {
  {
    spin_guard here(lock);
    scope = nullptr;
  }
  count();
  drop();
}

// What it shares with its handles is made once, by whoever needs it first.
scope_control& cancel_scope::control() {
  static constinit spin_lock making;
  spin_guard here(making);
  if (!control_) control_ = new scope_control(*this, at_ ? *at_ : home::here());
  return *control_;
}

scope_handle cancel_scope::handle() {
  scope_handle h(&control());
  control_->count();
  return h;
}

void cancel_scope::ask(shared_text reason) noexcept {
  auto* r = new request(control(), wish::cancel);
  r->reason = std::move(reason);
  send(r);
}

scope_handle::scope_handle(scope_control* c) noexcept : control_(c) {
  control_->holders.fetch_add(1, relaxed);  // the one who gives it to us holds one
  control_->handles.fetch_add(1, relaxed);
}

scope_handle::scope_handle(const scope_handle& o) noexcept : scope_handle(o.control_) {}

scope_handle::~scope_handle() {
  if (!control_) return;
  // release, acquire by the one who finds it zero: nothing is published by it, the mail orders what
  // follows.
  if (control_->handles.fetch_sub(1, acq_rel) == 1)
    if (detail::scope_control::note& gone = control_->last_handle_gone;
        !gone.under_way.exchange(true, acq_rel))
      send(*control_, gone);
  control_->drop();
}

void scope_handle::cancel(shared_text reason) const {
  auto* r = new request(*control_, wish::cancel);
  r->reason = std::move(reason);
  send(r);
}

void scope_handle::deadline(time_point t) const {
  auto* r = new request(*control_, wish::deadline);
  r->when = t;
  send(r);
}

void scope_handle::cancel_after(any_duration grace) const {
  auto* r = new request(*control_, wish::cancel_after);
  r->grace = grace;
  send(r);
}

}  // namespace kettle::inline KETTLE_ABI
