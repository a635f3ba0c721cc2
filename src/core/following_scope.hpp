#pragma once
// The scope that a child's own stand in on another thread or in another process. Its deadline is
// the one in force at its nursery, which stands in a word between both and moves there.
//
//   following_scope root(link.follows);
//   root.enter(context);
//
// A later one is found out when the former has come. An earlier one is met by the nursery itself,
// which then cancels.

#include <kettle/core/job_queue.hpp>
#include <kettle/core/scope.hpp>

namespace kettle::inline KETTLE_ABI {

class following_scope final : public cancel_scope {
 public:
  explicit following_scope(const detail::followed_deadline& d) noexcept
      : cancel_scope(d.in_force(), fire), follows(d) {}

  const detail::followed_deadline& follows;

 private:
  static void fire(kettle::timer& t) noexcept {
    auto& self = static_cast<following_scope&>(of(t));
    time_point in_force = self.follows.in_force();
    if (in_force > self.deadline())
      self.move_deadline(in_force);
    else
      on_deadline(t);
  }
};

}  // namespace kettle::inline KETTLE_ABI
