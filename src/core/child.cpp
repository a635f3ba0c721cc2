#include <kettle/base/assert.hpp>
#include <kettle/base/thrown.hpp>
#include <kettle/core/child.hpp>
#include <kettle/core/future.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/scope.hpp>

#include "base/must_make.hpp"
#include "core/home.hpp"
#include "sys/futex.hpp"

namespace kettle::inline KETTLE_ABI {

ending ending_of(const std::exception_ptr& e) noexcept {
  return thrown_as<cancelled>(e) ? ending::cancelled : ending::error;
}

struct child_base::cancel_request final : mail {
  explicit cancel_request(child_base& c) noexcept : mail(deliver), child(c) {}
  static void deliver(mail& m) noexcept;
  child_base& child;
};

void child_base::cancel_request::deliver(mail& m) noexcept {
  auto* self = static_cast<cancel_request*>(&m);
  child_base& c = self->child;
  delete self;
  c.word_.fetch_sub(asked, acq_rel);
  if (!c.ended_) return c.request_cancel();
  home& at = *c.at_;
  nursery* n = c.nursery_;
  bool service = c.service_;
  at.outside_wakers.fetch_sub(1, relaxed);
  tls.current = &at.callback();
  if (c.complete() && n) n->child_gone(service);
  tls.current = &at.thread();
}

void child_base::ask_home_to_cancel() noexcept {
  std::uintptr_t w = word_.load(relaxed);
  do {
    if (w == done || (w & asked)) return;
  } while (!word_.compare_exchange_strong(w, w | asked, acq_rel));
  post(*at_,
       *must_make<cancel_request>(*this));  // it is not done before this arrives: its home is there
}

void child_base::request_cancel() noexcept {
  if (tls.at != at_) return ask_home_to_cancel();
  if (!is_done()) cancel_scope::self_cancelled(*this);
}

bool child_base::exchange_word(std::uintptr_t& from, std::uintptr_t to) noexcept {
  std::uintptr_t w = from;
  while (!word_.compare_exchange_strong(w, to | (w & asked), acq_rel, acquire))
    if ((w & ~asked) != from) return from = w & ~asked, false;
  return true;
}

void child_base::fail(std::exception_ptr e) noexcept {
  ending_ = ending_of(e);
  if (ending_ == ending::error) error_ = std::move(e);
}

bool child_base::complete() noexcept {
  std::uintptr_t before = word_.load(relaxed);
  do {
    if (before & asked) {
      ended_ = true;
      at_->outside_wakers.fetch_add(1, relaxed);
      return false;
    }
  } while (!word_.compare_exchange_strong(before, done, acq_rel));
  if (before == abandoned) {
    if (keeps_error_ && error_)
      drop_error(error_, name() ? name() : "a task whose future was dropped");
    delete this;
  } else if (before != running) {
    reinterpret_cast<wait_point*>(before)->granted();
  }
  return true;
}

void child_base::abandon() noexcept {
  std::uintptr_t before = running;
  if (exchange_word(before, abandoned)) return;
  KETTLE_ASSERT(before == done || exits_here(), "a future was dropped while somebody waits for it");
  if (before != done) return;
  if (keeps_error_ && error_)
    drop_error(error_, name() ? name() : "a task whose future was dropped");
  delete this;
}

void child_base::finish() noexcept {
  home& at = *at_;  // we may be gone soon
  tls.current = &at.callback();
  if (held_) [[unlikely]]
    abandon_held(*this, name());
  if (label_) at_->face().forget(label_);
  cancel_scope::remove(*this);
  nursery& n = *nursery_;
  bool service = service_;
  n.body_gone_with(*this);
  if (ending_ == ending::error && !keeps_error_) {
    n.child_failed(std::move(error_));
    error_ = nullptr;
  } else if (ending_ == ending::cancelled && !self_cancelled_) {
    n.child_was_cancelled(service);
  }
  if (complete()) n.child_gone(service);
  tls.current = &at.thread();
}

namespace detail {

future_wait::~future_wait() {
  if (outside_) tls.at->outside_wakers.fetch_sub(1, relaxed);
}

bool future_wait::start() {
  if (!in_group_ && !child_->is_done() && child_->help())
    who().waiting_ = this;                         // it waited in our place
  completer_.store(completer::may_come, relaxed);  // nobody else knows us yet
  std::uintptr_t expected = child_base::running;
  if (child_->exchange_word(expected, reinterpret_cast<std::uintptr_t>(this))) {
    // A pool's own task is no business of our run: while we wait for it there is no deadlock.
    if (!child_->nursery_ && !std::exchange(outside_, true))
      tls.at->outside_wakers.fetch_add(1, relaxed);
    awaited_ = true;
    child_->awaited(&who());
    return false;
  }
  if (expected != child_base::done)
    throw usage_error("a future has one consumer: somebody waits for it already");
  return true;
}

void future_wait::unlink() noexcept {
  leave();
  auto expected = reinterpret_cast<std::uintptr_t>(this);
  if (child_->exchange_word(expected, child_base::running)) return;
  // The completer has seen us: it is a few instructions from its last touch.
  if (group_->state.load(relaxed) != claim::cancelled) {  // another wait has won
    return sys::spin_until([&] { return completer_.load(acquire) == completer::has_left; });
  }
  group_->holders.fetch_add(1, relaxed);  // who cancels the group holds one
  if (completer_.exchange(completer::is_awaited, acq_rel) == completer::has_left)
    group_->holders.fetch_sub(1, relaxed);
}

void future_wait::granted() noexcept {
  context& waiter = who();
  claim_group* group = in_group_ ? group_ : nullptr;
  if (grant()) return wake(waiter);
  // acq_rel: unlink() sees all that we did, and we are gone afterwards.
  if (completer_.exchange(completer::has_left, acq_rel) == completer::is_awaited &&
      group->holders.fetch_sub(1, acq_rel) == 1)
    wake(waiter);
}

void future_wait::cancel() noexcept {
  auto expected = reinterpret_cast<std::uintptr_t>(this);
  if (!child_->exchange_word(expected, child_base::running)) return;
  leave();
  take(claim::cancelled);
  make_ready(who());
}

void throw_if_failed(child_base& c) {
  if (c.ending_ == ending::value) return;
  if (c.keeps_error_ && c.error_) std::rethrow_exception(c.error_);
  throw cancelled{"its task was cancelled or failed"};
}

bool call_when_done(child_base& c, done_callback* callback) noexcept {
  std::uintptr_t expected = child_base::running;
  auto waiter = reinterpret_cast<std::uintptr_t>(static_cast<wait_point*>(callback));
  if (c.exchange_word(expected, waiter)) return true;
  if (expected != child_base::done) return false;
  callback->granted();
  return true;
}

}  // namespace detail

}  // namespace kettle::inline KETTLE_ABI
