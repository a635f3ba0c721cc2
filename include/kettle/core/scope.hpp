#pragma once
// Cancellation and deadlines, level-triggered: in a cancelled, unshielded scope every wait throws
// `cancelled`.
//
//   cancel_scope s;
//   s.cancel_after(1s);                            // or s.deadline(t), or s.cancel("why") inside
//   auto done = co_await in_scope(s, fetch(url));  // forms.hpp; nullopt: s cancelled it
//
// Scopes nest with the code of one context and form a tree with its children. A scope and its tree
// are touched by their home's thread only: from another thread cancel(), cancel_after(),
// deadline(t) and shield() of a scope that is open are requests, as through a handle. A scope is
// used once. Algorithm: trio's cancel scopes (N. J. Smith, "Timeouts and cancellation for humans").

#include <kettle/base/clock.hpp>
#include <kettle/core/context.hpp>
#include <kettle/core/scope_handle.hpp>
#include <kettle/core/timer.hpp>

namespace kettle::inline KETTLE_ABI {

struct debugger_view;

class cancel_scope : private timer {
 public:
  cancel_scope() noexcept : timer(on_deadline) {}
  explicit cancel_scope(time_point deadline) noexcept : timer(on_deadline), deadline_(deadline) {}
  cancel_scope(const cancel_scope&) = delete;
  cancel_scope& operator=(const cancel_scope&) = delete;
  ~cancel_scope();

  // Cancels everything in the scope, now and later. Idempotent, never throws: code after it runs
  // until its first wait. The reason is copied, unless it is a literal.
  void cancel(shared_text reason = {}) noexcept;
  // Moves the deadline to `grace` from now.
  void cancel_after(any_duration grace) noexcept;

  bool cancel_called() const noexcept { return cancel_called_; }
  const char* reason() const noexcept { return reason_.c_str(); }
  // True when leaving the scope absorbed a `cancelled` of its own.
  bool caught() const noexcept { return caught_; }
  // True when its own deadline, and no outer one, ended it; false again if its block gave its value
  // although the deadline had passed.
  bool expired() const noexcept { return expired_; }

  time_point deadline() const noexcept { return deadline_; }
  // Takes effect at once, on whoever sleeps inside. One that has come is not moved any more.
  void deadline(time_point t) noexcept;
  // Relative deadlines count from entry: kept until then.
  void relative_deadline(any_duration d) noexcept { relative_ = d; }

  bool shield() const noexcept { return shield_; }
  void shield(bool on) noexcept;  // false: a pending outer cancellation comes through at once

  // For other threads. Made on this scope's own.
  scope_handle handle();

  // Cancelled by itself or from outside, and not shielded from it.
  bool effectively_cancelled() const noexcept { return effective_; }
  shared_text effective_reason() const noexcept;  // of whoever cancelled it
  // The earliest deadline that can end a wait in here; `always` when it is cancelled already.
  time_point effective_deadline() const noexcept { return effective_ ? always : limit_; }

  // For forms and runtimes: opens the scope on the current context, closes it, says whether
  // `cancelled` ends here.
  void enter(context& c);
  void exit() noexcept;
  bool absorbs() noexcept;  // call before exit(), when a `cancelled` arrives at its end

  // A scope that no context opens: the one of a nursery's children on another thread (parent null)
  // or of a nursery.
  void open_under(cancel_scope* parent, home& at);
  void close() noexcept;
  // Of a nursery's: asks its home to drain it, if that is another thread's.
  bool ask_to_drain(any_duration grace) noexcept;
  void add(context& c) noexcept;
  static void remove(context& c) noexcept;
  // future.cancel(): ends what c waits for, also in scopes of its own.
  static void self_cancelled(context& c) noexcept;

  // future.cancel() acts like a scope around everything that c has opened: it is seen where c has
  // no scope of its own, and by the outermost of those it has.
  static bool self_cancel_at(const context& c, const cancel_scope* s) noexcept {
    return c.self_cancelled_ && !(s && s->owner_ == &c);
  }
  cancel_scope* parent() const noexcept { return parent_; }
  context* first_member() const noexcept { return members_; }
  cancel_scope* first_child() const noexcept { return first_child_; }
  cancel_scope* next_sibling() const noexcept { return next_; }
  nursery* children_of = nullptr;  // the nursery whose scope this is

 protected:
  // For a scope that does something else when its deadline has come, and on_deadline() in the end.
  cancel_scope(time_point deadline, timer::handler fire) noexcept
      : timer(fire), deadline_(deadline) {}
  static void on_deadline(timer& t) noexcept;
  void move_deadline(time_point t) noexcept;
  static cancel_scope& of(timer& t) noexcept { return static_cast<cancel_scope&>(t); }

 private:
  friend struct debugger_view;  // where things are
  detail::scope_control& control();
  template <class Wish> void ask_home(Wish wish) noexcept;
  bool is_elsewhere() const noexcept { return at_ && tls.at != at_; }
  bool outer_visible() const noexcept;
  time_point enclosing_deadline() const noexcept;
  // Both walk the tree without recursion, and go below a scope only if something has changed for
  // those in it: 100 000 nested scopes are entered, cancelled and left in linear time.
  // Recomputes effective_ here and below; cancels the waits that became cancelled.
  void refresh() noexcept;
  void rearm() noexcept;  // the same for limit_ and the timers
  void link_under(cancel_scope* parent, home& at) noexcept;
  bool refresh_here() noexcept;
  bool rearm_here() noexcept;
  cancel_scope* after_subtree(const cancel_scope* top) noexcept;

  home* at_ = nullptr;  // while it is open
  cancel_scope* parent_ = nullptr;
  cancel_scope* first_child_ = nullptr;
  cancel_scope* prev_ = nullptr;
  cancel_scope* next_ = nullptr;
  context* members_ = nullptr;
  context* owner_ = nullptr;
  detail::scope_control* control_ = nullptr;  // when other threads have asked, or may
  time_point deadline_ = never;
  time_point limit_ = never;  // the earliest of its own and those that it is not shielded from
  duration relative_ = duration::max();
  shared_text reason_;
  const cancel_scope* cause_ = nullptr;  // which one cancelled it; null: a future did
  bool cancel_called_ = false, effective_ = false, shield_ = false;
  bool caught_ = false, expired_ = false, used_ = false;
};

// Is the context's next wait going to throw? (its scope, or future.cancel() not shielded from it)
inline bool is_cancelled(const context& c) noexcept {
  return (c.scope_ && c.scope_->effectively_cancelled()) ||
         cancel_scope::self_cancel_at(c, c.scope_);
}
shared_text cancel_reason(const context& c) noexcept;
// Throws `cancelled` with the reason of the scope that asked, if it is; the check for computing
// code.
void check_cancelled();
// The deadline in force here.
time_point current_deadline();

}  // namespace kettle::inline KETTLE_ABI
