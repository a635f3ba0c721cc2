#pragma once
// What a cancel_scope and other threads share: what they have asked of it, and the way to its home
// while it is open.
//
// Before the scope is entered a wish waits here, and is granted on entry; afterwards a note tells
// the scope's home to look. Nothing is allocated on the way, so that asking cannot fail.
// Memory order: what the lock guards is read and written under it.

#include "core/home.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/core/scope.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

// Of several wishes that nobody has looked at yet, each holds what they come to in their order.
struct scope_wishes {
  void cancel(shared_text why) noexcept {
    if (!std::exchange(cancelled, true)) reason = std::move(why);
  }
  void deadline(time_point t) noexcept { at = t, grace = duration::max(); }
  void cancel_after(duration d) noexcept { grace = std::min(grace, d); }
  void drain_after(duration d) noexcept { draining_grace = std::min(draining_grace, d); }
  void shield(bool on) noexcept { shielded = on; }

  void grant_to(cancel_scope& s) noexcept;

 private:
  bool cancelled = false;
  shared_text reason;
  std::optional<time_point> at;
  duration grace = duration::max();
  duration draining_grace = duration::max();  // of a nursery's
  std::optional<bool> shielded;
};

struct scope_control {
  explicit scope_control(cancel_scope* s) noexcept : scope(s), note(*this) {}

  // From any thread: `wish` is called with the scope_wishes, if the scope has not ended.
  template <class Wish> void ask(Wish wish) noexcept {
    spin_guard here(lock);
    if (!scope) return;
    wish(wishes);
    if (!at || std::exchange(note.under_way, true)) return;
    holders.fetch_add(1, relaxed);  // who asks holds one itself
    post(*at, note);                // under the lock: while the scope is open, so is its home
  }

  // The scope's own steps, on its thread.
  void entered_on(home& h) noexcept;  // grants what was asked before
  void count() noexcept;              // as an outside waker, while there are handles
  void scope_ended() noexcept;        // no wish reaches it from now on

  void drop() noexcept {
    if (holders.fetch_sub(1, acq_rel) == 1)
      delete this;  // acq_rel: the last one sees all uses before
  }

  spin_lock lock;
  cancel_scope* scope;  // null once it has ended
  home* at = nullptr;   // once it is entered
  scope_wishes wishes;
  atomic<std::uint32_t> holders{1};  // the scope, each handle, the note under way
  atomic<std::uint32_t> handles{0};
  bool counted = false;  // touched by the scope's own thread only

  // There is something to look at: wishes, or that the last handle has gone.
  struct news : mail {
    explicit news(scope_control& c) noexcept : mail(deliver), control(c) {}
    static void deliver(mail& m) noexcept;
    scope_control& control;
    bool under_way = false;
  } note;
};

}  // namespace kettle::inline KETTLE_ABI::detail
