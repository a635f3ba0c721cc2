#include "fibers/fiber.hpp"

#include "core/home.hpp"
#include "fibers/stack.hpp"
#include "fibers/switch.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/core/budget.hpp>
#include <kettle/fibers/on_fiber.hpp>

#include <algorithm>
#include <memory>
#include <new>

namespace kettle::inline KETTLE_ABI {

namespace {

// At the top of its own stack.
struct fiber {
  execution self;
  char* stack_low;  // below it a coroutine child is started from the trampoline
  placed_child_base* child;
  fiber_slots* slots;
  stack where;
};

struct carrier : thread_end {
  stack_pool stacks;
  execution thread;
  exceptions_in_flight& in_flight = exceptions_of_this_thread();
  fiber* ended = nullptr;  // left for ever: the stack it stood on can be given back

  carrier() : thread_end{close} { open_execution(thread); }
  static void close(thread_end& e) noexcept {
    delete &static_cast<carrier&>(e);
    tls.fiber_carrier = nullptr;
  }
};

carrier* carrier_here() noexcept { return static_cast<carrier*>(tls.fiber_carrier); }

void make_carrier() {
  auto* made = new carrier;
  tls.fiber_carrier = made;
  at_thread_end(*made);
}

constexpr std::uint32_t begun = std::uint32_t(1) << 31;  // of place_state_; the rest is the index

fiber& fiber_of(context& c) noexcept {
  return *static_cast<fiber*>(static_cast<placed_child_base&>(c).place_data_);
}

bool is_fiber(const context& c) noexcept { return c.kind_ == &fibers::kind; }
bool has_begun(placed_child_base& c) noexcept { return c.place_state_ & begun; }

void reap(carrier& k) noexcept {
  fiber* f = std::exchange(k.ended, nullptr);
  stack where = f->where;
  sanitizer::end_stack(f->self.notes);
  k.stacks.give(where);
}

// Ends a child, whether it ran or not. It may be gone afterwards.
void end_child(placed_child_base& c, fiber_slots* slots) noexcept {
  std::uint32_t index = c.place_state_ & ~begun;
  if (c.nursery_) {
    c.finish();
  } else {
    home& at = *c.at_;
    tls.current = &at.callback();
    cancel_scope::remove(c);
    if (c.label_) c.at_->face().forget(c.label_);
    c.complete();
    tls.current = &at.thread();
  }
  if (slots) slots->fiber_ended(index);
}

// Before the first step. False: it was cancelled while it waited, and has been ended.
bool may_begin(placed_child_base& c) noexcept {
  if (c.ending_ == ending::none) {
    if (!is_cancelled(c)) return true;
    c.ending_ = ending::cancelled;
  }
  auto* slots = static_cast<fiber_slots*>(c.place_data_);
  end_child(c, slots);
  return false;
}

void run_child(fiber& f, placed_child_base& c) noexcept {
  f.child = &c;
  f.slots = static_cast<fiber_slots*>(c.place_data_);
  c.place_data_ = &f;
  c.place_state_ |= begun;
  tls.current = &c;
  tls.at->face().runs(c.label_);
  c.call();
  end_child(c, f.slots);
}

// What a fiber whose child has ended runs next on the same stack.
placed_child_base* next_unbegun() noexcept {
  home& h = *tls.at;
  while (!turn_is_over()) {
    context* next = h.first_ready();
    if (!next || !is_fiber(*next)) return nullptr;
    auto& c = static_cast<placed_child_base&>(*next);
    if (has_begun(c)) return nullptr;
    spend(cost_of_resume);
    h.pop_ready();
    if (may_begin(c)) return &c;
  }
  return nullptr;
}

// Leaves `from` for f; returns when somebody comes back.
inline void enter(carrier& k, execution& from, fiber& f) noexcept {
  tls.current = f.child;
  tls.stack_low = f.stack_low;
  tls.at->face().runs(f.child->label_);
  switch_to(from, f.self, k.in_flight);
  if (k.ended) [[unlikely]]
    reap(k);
}

[[noreturn]] void leave_for_ever(carrier& k, fiber& f) noexcept {
  k.ended = &f;
  if (context* next = tls.at->first_ready(); next && is_fiber(*next) && !turn_is_over() &&
                                             has_begun(static_cast<placed_child_base&>(*next))) {
    spend(cost_of_resume);
    tls.at->pop_ready();
    fiber& n = fiber_of(*next);
    tls.current = next;
    tls.stack_low = n.stack_low;
    tls.at->face().runs(next->label_);
    switch_to(f.self, n.self, k.in_flight, true);
  } else {
    switch_to(f.self, k.thread, k.in_flight, true);
  }
  __builtin_unreachable();
}

void fiber_main(execution& self) noexcept {
  sanitizer::after_switch(self.notes);
  auto& f = reinterpret_cast<fiber&>(self);
  carrier& k = *carrier_here();
  if (k.ended) reap(k);
  for (placed_child_base* c = f.child; c; c = next_unbegun()) run_child(f, *c);
  leave_for_ever(k, f);
}

// c cannot have a fiber.
void fail_unbegun(placed_child_base& c, std::exception_ptr e) noexcept {
  auto* slots = static_cast<fiber_slots*>(c.place_data_);
  c.fail(std::move(e));
  end_child(c, slots);
}

// A fiber that will run c when it is entered; null when no stack is to be had, and then c has
// failed.
fiber* make_fiber(carrier& k, placed_child_base& c) noexcept {
  stack where;
  try {
    where = k.stacks.take();
  } catch (...) {
    fail_unbegun(c, std::current_exception());
    return nullptr;
  }
  auto top = reinterpret_cast<std::uintptr_t>(where.top() - sizeof(fiber)) & ~std::uintptr_t(63);
  auto* at = reinterpret_cast<std::byte*>(top);
  auto* f = ::new (at) fiber{{}, nullptr, &c, nullptr, where};
  // The callee below gets half of what is left; what runs in place must leave room for everything
  // else.
  f->stack_low = reinterpret_cast<char*>(at - (at - where.bottom()) / 2);
  prepare(f->self, where.bottom(), at, fiber_main);
  return f;
}

void resume_fiber(context& next) noexcept {
  auto& c = static_cast<placed_child_base&>(next);
  fiber* f;
  if (has_begun(c)) {
    f = &fiber_of(c);
  } else {
    if (!may_begin(c)) return;
    try {
      if (!carrier_here()) make_carrier();
    } catch (...) {
      return fail_unbegun(c, std::current_exception());
    }
    f = make_fiber(*carrier_here(), c);
    if (!f) return;
  }
  carrier& k = *carrier_here();
  char* stack_low = tls.stack_low;
  enter(k, k.thread, *f);
  tls.stack_low = stack_low;
}

// Among many fibers each switch meets three cold places: the node, the control block, the stack
// below it. `after` comes second, and its node was asked for one switch ago.
inline void prefetch(context& after) noexcept {
  constexpr std::uintptr_t line = 64;
  __builtin_prefetch(after.mail_next_);
  if (!is_fiber(after)) return;
  // A number: one that has not begun has no stack there.
  auto top = reinterpret_cast<std::uintptr_t>(static_cast<placed_child_base&>(after).place_data_);
  for (std::uintptr_t below = 0; below <= 4 * line; below += line)
    __builtin_prefetch(reinterpret_cast<const void*>(top - below));
}

void park_fiber(context& me) {
  carrier& k = *carrier_here();
  fiber& f = fiber_of(me);
  home& h = *me.at_;
  while (!turn_is_over()) {
    context* next = h.first_ready();
    if (!next || !is_fiber(*next)) break;
    spend(cost_of_resume);
    h.pop_ready();
    if (next == &me) return;
    auto& c = static_cast<placed_child_base&>(*next);
    if (has_begun(c)) [[likely]] {
      fiber& n = fiber_of(c);
      if (context* after = h.first_ready()) prefetch(*after);
      return enter(k, f.self, n);
    }
    if (!may_begin(c)) continue;
    if (fiber* n = make_fiber(k, c)) return enter(k, f.self, *n);
  }
  switch_to(f.self, k.thread, k.in_flight);
  if (k.ended) reap(k);
}

}  // namespace

namespace fibers {

const context_kind kind{"fiber", resume_fiber, park_fiber};

fiber_slots* slots_of(context& running) noexcept { return fiber_of(running).slots; }

void set_index(placed_child_base& c, std::uint32_t index) noexcept {
  c.place_state_ = (c.place_state_ & begun) | index;
}

void trim_stacks() noexcept {
  if (carrier_here()) carrier_here()->stacks.trim();
}

}  // namespace fibers

void on_fiber_t::launch(placed_child_base& child) const {
  child.kind_ = &fibers::kind;
  make_ready(child);
}

}  // namespace kettle::inline KETTLE_ABI
