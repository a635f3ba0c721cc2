#pragma once
// How anything waits, is granted what it waits for, or is cancelled. Every primitive is one class
// on top of this.
//
// A wait ends either granted or cancelled, by one compare-exchange on its claim: cancelled means it
// did not happen.
//   open -> granted    by a granter on any thread, under the primitive's lock, or by the waiter's
//                      own timer. Then move the item or permit, unlock, wake(); never touch the
//                      waiter afterwards.
//   open -> cancelled  only by the waiter's own home; then unlink() under the primitive's lock,
//                      then ready.
// Memory order: the claim is relaxed, it only arbitrates; data travels with the primitive's lock
// and the wake.

#include <kettle/base/atomic.hpp>
#include <kettle/base/error.hpp>
#include <kettle/base/seam.hpp>
#include <kettle/core/budget.hpp>
#include <kettle/core/context.hpp>
#include <kettle/core/scope.hpp>

#include <coroutine>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>

namespace kettle::inline KETTLE_ABI {

// starting, passed_over: only in a group. Its waits are being started one by one, so nobody may be
// granted yet; a granter on another thread that met one meanwhile has left `passed_over`, and they
// are started once more.
enum class claim : std::uint8_t { open, granted, cancelled, starting, passed_over };

// Several waits of which one shall happen share this claim (select).
struct claim_group {
  context* who = nullptr;
  atomic<claim> state{claim::open};
  wait_point* winner = nullptr;
  // Of a cancelled group: granters that came too late and are about to touch a wait of it for the
  // last time, and who cancels. The last one wakes `who`.
  atomic<std::uint32_t> holders{0};

  bool take(wait_point& w, claim to) noexcept;
};

class wait_point {
 public:
  wait_point() noexcept = default;
  // Operations may be moved before they start: nothing refers to them yet.
  wait_point(const wait_point&) noexcept {}
  wait_point& operator=(const wait_point&) = delete;

  // Tries now: true = done, nothing to wait for; false = linked into the primitive. May throw:
  // nothing happened.
  virtual bool start() = 0;
  // Leaves the primitive, after the claim went to cancelled; on the waiter's home.
  virtual void unlink() noexcept = 0;
  // Asked by the waiter's scope, on its home. What needs the kernel's agreement overrides it and
  // lets completion decide.
  virtual void cancel() noexcept;
  // The deadline that ends a wait in the waiter's scope has become another one; on its home.
  virtual void deadline_moves(time_point) noexcept {}
  // Asked, on any thread, when nothing can happen and cancellation has not helped: true: it ends
  // with an error of its own.
  virtual bool give_up() noexcept { return false; }
  // What the granter calls last, without locks: by default wakes the waiter.
  virtual void granted() noexcept { wake(who()); }
  // For the task tree: "sleep", "channel.receive".
  virtual const char* what() const noexcept = 0;
  // "waits for sleep". What knows more says more: who holds the lock.
  virtual void describe(std::string& out) const;
  // Only for children, which are shown themselves.
  virtual bool is_join() const noexcept { return false; }
  // The thread that is at work for it; 0: there is none.
  virtual int runs_on() const noexcept { return 0; }

  context& who() const noexcept { return in_group_ ? *group_->who : *who_; }
  // The granter's half of the arbitration.
  bool grant() noexcept { return take(claim::granted); }
  bool take(claim to) noexcept {
    if (in_group_) return group_->take(*this, to);
    claim expected = claim::open;
    return state_.compare_exchange_strong(expected, to, relaxed);
  }
  claim state() const noexcept { return state_.load(relaxed); }
  // Its claim is taken for good. While it is linked in a primitive: asked under that one's lock,
  // for it does not start anew before it has unlinked itself.
  bool is_settled() const noexcept {
    claim now = in_group_ ? group_->state.load(relaxed) : state();
    return now == claim::granted || now == claim::cancelled;
  }

  // The waiter's own steps; forms and operations use them through `operation`. First begin(), of
  // the operation's own class, so that its start() is no virtual call: true: done already. Once the
  // turn's budget is gone, what is done is granted as if it had waited, and its context takes its
  // turn. It throws only what start() throws.
  template <class Op> bool begin_as(context& c) {
    who_ = &c;
    state_.store(claim::open, relaxed);
    if constexpr (explored_build) detail::seam::meet_wait(static_cast<Op*>(this)->what(), false);
    if (abortable_ && is_cancelled(c)) [[unlikely]]
      return begin_cancelled(c);
    c.waiting_ = this;
    bool done;
    try {
      done = static_cast<Op*>(this)->Op::start();
    } catch (...) {
      c.waiting_ = nullptr;
      throw;
    }
    if (!done) {
      if constexpr (explored_build) detail::seam::meet_wait(static_cast<Op*>(this)->what(), true);
      return false;
    }
    spend(cost_of_operation);
    if (turn_is_over()) [[unlikely]]
      return take_turn(c);
    return true;
  }
  void park_here(context& c);  // fiber or thread: until granted or cancelled
  void end(context& c) {       // throws `cancelled` if that is how it ended
    c.waiting_ = nullptr;
    if (state() == claim::cancelled) [[unlikely]]
      throw_cancelled_in(c);
  }
  void join(claim_group& g) noexcept { group_ = &g, in_group_ = true; }

 private:
  bool begin_cancelled(context& c) noexcept;
  bool take_turn(context& c) noexcept;
  [[noreturn]] static void throw_cancelled_in(const context& c);

 protected:
  ~wait_point() = default;
  union {
    context* who_ = nullptr;
    claim_group* group_;
  };
  atomic<claim> state_{claim::open};
  bool in_group_ = false;
  bool abortable_ =
      true;  // false: begin() does not look at the scope, and cancel() must not end it
};

// Co_awaits an operation that lives in the awaiting frame (a prvalue proxy: g++ 12 copies awaiters
// given by reference).
template <class Op> struct operation_awaiter {
  Op* op;
  bool await_ready() { return op->begin(*tls.current); }
  void await_suspend(std::coroutine_handle<> h) noexcept { tls.current->frame_ = h; }
  decltype(auto) await_resume() {
    op->end(*tls.current);
    return op->finish();
  }
};

// Throws usage_error when the current context is a coroutine, which must co_await instead.
context& blocking_context();

// Stands before the name of every operation's class, since a derived class does not inherit it.
#define KETTLE_WAIT                                                                                \
  [[nodiscard(                                                                                     \
      "an operation does nothing until it is awaited: co_await it (coroutine), .get() it (fiber, " \
      "thread)")]]

// Op derives from operation<Op> and adds start(), unlink(), what() and `R finish()`, called once
// granted. Base: a wait_point with more in it, such as the links of a waiting list.
template <class Op, class Base = wait_point> class operation : public Base {
 public:
  static constexpr bool is_operation = true;
  using Base::Base;

  bool begin(context& c) { return this->template begin_as<Op>(c); }

  // In a fiber it parks the fiber, in a thread it blocks the thread.
  decltype(auto) get() {  // also on a temporary
    context& c = blocking_context();
    Op& self = static_cast<Op&>(*this);
    if (!self.begin(c)) self.park_here(c);
    self.end(c);
    return self.finish();
  }
};

template <class W> concept operation_type = requires { requires W::is_operation; };

}  // namespace kettle::inline KETTLE_ABI
