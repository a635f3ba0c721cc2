#pragma once
// The scope that a child's own stand in on another thread or in another process. Its deadline is
// the one in force at its nursery, which stands in a word between both and moves there.
//
//   following_scope root(link.deadline);
//   root.enter(context);
//
// A later one is found out when the former has come. An earlier one is met by the nursery itself,
// which then cancels.

#include <kettle/base/atomic.hpp>
#include <kettle/core/scope.hpp>

namespace kettle::inline KETTLE_ABI {

class following_scope final : public cancel_scope {
 public:
  explicit following_scope(const atomic<time_point>& deadline) noexcept
      : cancel_scope(deadline.load(relaxed), fire), in_force_(deadline) {}

 private:
  static void fire(kettle::timer& t) noexcept {
    auto& self = static_cast<following_scope&>(of(t));
    // seq_cst: read after the clock was, while who moves it looks at the clock afterwards.
    time_point in_force = self.in_force_.load(seq_cst);
    if (in_force > self.deadline())
      self.move_deadline(in_force);
    else
      on_deadline(t);
  }
  const atomic<time_point>& in_force_;
};

}  // namespace kettle::inline KETTLE_ABI
