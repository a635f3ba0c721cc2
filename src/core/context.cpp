#include <kettle/core/context.hpp>

#include "core/home.hpp"

#include <kettle/core/frame.hpp>
#include <kettle/core/scope.hpp>
#include <kettle/core/wait_point.hpp>

namespace kettle::inline KETTLE_ABI {

void context::deliver_wake(mail& m) noexcept { make_ready(static_cast<context&>(m)); }

context& this_context() {
  if (!tls.current) home::here();
  return *tls.current;
}

context& blocking_context() {
  context& c = this_context();
  if (&c == &c.at_->callback())
    throw usage_error(
        "blocking get() in a callback (on_done, or the destructor of a result that was dropped) "
        "would stop its loop: start a task there, and wait in that");
  if (!c.can_block())
    throw usage_error("blocking get() inside a coroutine would stop its loop: use co_await");
  return c;
}

std::uint64_t number_of(context& c) noexcept {
  // relaxed: it is only to differ; whoever compares numbers of other homes gets them under a lock.
  static atomic<std::uint64_t> last{0};
  if (!c.number_) c.number_ = last.fetch_add(1, relaxed) + 1;
  return c.number_;
}

void abandon_held(context& c, const char* name) noexcept {
  while (held_lock* h = c.held_) {
    c.held_ = h->held_next_;
    if (c.held_) c.held_->held_prev_ = nullptr;
    h->held_next_ = nullptr;
    h->holder_ended(name ? name : c.kind_->name);
  }
}

void make_ready(context& c) noexcept { c.at_->push_ready(c); }

void wake(context& c) noexcept {
  if (tls.at == c.at_)
    make_ready(c);
  else
    c.at_->post(c);
}

void drive(context& c, std::coroutine_handle<> h) {
  for (run_chain(h); !h.done(); run_chain(c.frame_)) {
    c.kind_->park(c);
    tls.current = &c;
  }
  c.frame_ = nullptr;
}

void arm(home& at, timer& t, time_point when) { at.arm(t, when); }
void disarm(home& at, timer& t) noexcept { at.disarm(t); }

time_point clock::now() noexcept {
  return tls.current ? tls.current->at_->now() : domain::outside().now();
}

bool claim_group::take(wait_point& w, claim to) noexcept {
  for (;;) {
    claim expected = claim::open;
    if (state.compare_exchange_strong(expected, to, relaxed)) {
      winner = &w;
      return true;
    }
    // On the group's own home it is one of the group that meets another: nothing for those to start
    // again.
    if (expected != claim::starting || tls.at == who->at_) return false;
    if (state.compare_exchange_strong(expected, claim::passed_over, relaxed)) return false;
    // It has opened meanwhile, and will not look again: once more.
  }
}

// Through the ready list once, so that a loop that swallows `cancelled` cannot starve its home.
bool wait_point::begin_cancelled(context& c) noexcept {
  state_.store(claim::cancelled, relaxed);
  make_ready(c);
  return false;
}

// Nobody else knows of this wait: it is done.
bool wait_point::take_turn(context& c) noexcept {
  state_.store(claim::granted, relaxed);
  make_ready(c);
  return false;
}

void wait_point::park_here(context& c) {
  c.frame_ = nullptr;  // no coroutine of this context is suspended: the task tree must not follow
                       // an old one
  c.kind_->park(c);
  tls.current = &c;
}

void wait_point::throw_cancelled_in(const context& c) { throw cancelled{cancel_reason(c)}; }

void wait_point::describe(std::string& out) const {
  out += "waits for ";
  out += what();
}

void wait_point::cancel() noexcept {
  if (!take(claim::cancelled)) return;  // granted: success is already on its way
  unlink();
  make_ready(who());
}

}  // namespace kettle::inline KETTLE_ABI
