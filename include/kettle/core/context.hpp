#pragma once
// What runs: a coroutine child, a fiber, or a thread. One context at a time is current on a thread.
//
// A context belongs to one home (one OS thread) for good: only that thread resumes it, walks its
// scopes, or cancels its wait. Others send it mail.

#include <kettle/base/text.hpp>
#include <kettle/base/thread_state.hpp>
#include <kettle/core/mail.hpp>

#include <coroutine>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class home;
class wait_point;
class cancel_scope;
class context;
class nursery;

// How a kind of context is continued and stopped.
struct context_kind {
  const char* name;                   // "coroutine", "fiber", "thread"
  void (*resume)(context&) noexcept;  // on its home's thread, from the dispatcher
  void (*park)(context&);  // stop here until resumed; null for coroutines, which return instead
};

// What a task must give back before it ends: a mutex. Linked to its holder, and touched on the
// holder's home only.
class held_lock {
 public:
  virtual void holder_ended(const char* holder) noexcept = 0;  // it is no longer linked

  held_lock* held_prev_ = nullptr;
  held_lock* held_next_ = nullptr;

 protected:
  ~held_lock() = default;
};

class context : public mail {
 public:
  context(const context_kind& kind, home& at) noexcept
      : mail(deliver_wake), kind_(&kind), at_(&at) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  const context_kind* kind_;
  detail::text_block* label_ = nullptr;  // its name and number, once it has one; see tasks.hpp
  home* at_;
  std::coroutine_handle<> frame_;  // innermost suspended coroutine, if it is driving one
  wait_point* waiting_ = nullptr;  // what it is parked on
  cancel_scope* scope_ = nullptr;  // innermost open scope
  context* scope_prev_ = nullptr;  // the other contexts in that scope
  context* scope_next_ = nullptr;
  held_lock* held_ = nullptr;        // what it has locked
  std::uint64_t number_ : 47 = 0;    // see number_of(): enough for 100 000 a second for 44 years
  bool self_cancelled_ : 1 = false;  // future.cancel()

  // Null: it has none. On its own home.
  const char* name() const noexcept {
    return label_ && label_->size > 0 ? label_->text() : nullptr;
  }
  bool can_block() const noexcept { return kind_->park != nullptr; }

 private:
  static void deliver_wake(mail& m) noexcept;
};

// The current context; outside kettle, the context of this thread (its home is made on first use).
context& this_context();

// Tells c apart from every other context, before and after: its address may be another's later.
// Given on first use. Only on c's own home.
std::uint64_t number_of(context& c) noexcept;

// c ends: whoever waits for what it still holds is told that it will not come.
void abandon_held(context& c, const char* name) noexcept;

// Puts c at the end of its home's ready list. Only on c's own home.
void make_ready(context& c) noexcept;
// The same from any thread. c must be parked or about to park, and nobody else may wake it for the
// same wait.
void wake(context& c) noexcept;

}  // namespace kettle::inline KETTLE_ABI
