#include "io/lanes.hpp"

#include "core/home.hpp"
#include "threads/lane.hpp"

namespace kettle::inline v0 {

void io_lane::launch(placed_child_base& c) const noexcept {
  auto make = [this] { return new lane({.most_threads = most_threads_}); };
  c.lateness_ = late_;
  static_cast<lane&>(home::here().companions().get(slot_, make)).launch(c);
}

}  // namespace kettle::inline v0
