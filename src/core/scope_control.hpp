#pragma once
// What a cancel_scope and its handles share: the way to the scope's home while the scope is there.
//
// Memory order: `scope` and `at` are read by handles under the lock only; requests travel as mail.

#include "core/home.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/core/scope.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI::detail {

struct scope_control {
  explicit scope_control(cancel_scope& s, home& h) noexcept
      : scope(&s), at(&h), last_handle_gone(*this) {}

  // The scope's own steps, on its thread.
  void count() noexcept;  // as an outside waker, while there are handles
  void moves_to(home& h) noexcept;
  void scope_ended() noexcept;  // no request reaches it from now on

  void drop() noexcept {
    if (holders.fetch_sub(1, acq_rel) == 1)
      delete this;  // acq_rel: the last one sees all uses before
  }

  spin_lock lock;
  cancel_scope* scope;  // null once it has ended
  home* at;
  atomic<std::uint32_t> holders{1};  // the scope, each handle, each request under way
  atomic<std::uint32_t> handles{0};
  bool counted = false;

  // Told to the scope's home. A part of this, since a destructor of a handle must not allocate;
  // under way once at a time, and whoever delivers it looks at `handles` afterwards.
  struct note : mail {
    explicit note(scope_control& c) noexcept : mail(deliver), control(c) {}
    static void deliver(mail& m) noexcept;
    scope_control& control;
    atomic<bool> under_way{false};  // acq_rel: who finds it set leaves its own news to that one
  } last_handle_gone;
};

}  // namespace kettle::inline KETTLE_ABI::detail
