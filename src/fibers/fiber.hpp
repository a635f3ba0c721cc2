#pragma once
// Fibers on a home: one carrier per thread that has any, and the kind of context that runs on it.
//
// A fiber that parks switches directly to the next ready fiber; only if something else is next, or
// a share of switches is used up, does it go back to the dispatcher on the thread's own stack. A
// fiber that ends hands its stack to the next child that has not begun, if that one is first in the
// line.
//
// Everything here belongs to one thread. The control block lies at the top of the fiber's stack, so
// that a sleeping fiber costs one page; the child node that it runs lies elsewhere, since its
// future may outlive the fiber.

#include <kettle/core/place.hpp>

namespace kettle::inline KETTLE_ABI {

// Who counts its fibers: told when one that it began has ended, whether it ever ran or not.
class fiber_slots {
 public:
  virtual void fiber_ended(std::uint32_t index) noexcept = 0;  // what set_index() gave it last

 protected:
  ~fiber_slots() = default;
};

namespace fibers {

// Before its first step a child's place_data_ is the fiber_slots that count it, or null; then it is
// its fiber. Its place_state_ says whether it has begun, and keeps the number that its fiber_slots
// know it by. A child whose ending_ is set before its first step ends with it.
extern const context_kind kind;

fiber_slots* slots_of(context& running) noexcept;
void set_index(placed_child_base& c, std::uint32_t index) noexcept;

void trim_stacks() noexcept;  // gives back the memory of this thread's unused stacks

}  // namespace fibers
}  // namespace kettle::inline KETTLE_ABI
