#include "core/home.hpp"
#include "sys/machine.hpp"
#include "threads/lane.hpp"
#include "threads/worker_pool.hpp"

#include <kettle/threads/on_thread.hpp>

namespace kettle::inline KETTLE_ABI {

namespace {

// Slots of the companion_set.
constexpr unsigned lane_slot = 0, cores_slot = 1;

engine& the_lane(home& h) {
  companion_set& c = h.companions();
  return static_cast<lane&>(
      c.get(lane_slot, [&c] { return static_cast<companion*>(new lane({}, &c)); }));
}

engine& the_cores(home& h) {
  companion_set& c = h.companions();
  auto make = [&c] { return static_cast<companion*>(new worker_pool(sys::usable_cores(), &c)); };
  return static_cast<worker_pool&>(c.get(cores_slot, make));
}

}  // namespace

void on_thread_t::launch(placed_child_base& child) const { the_lane(*child.at_).launch(child); }

void on_cores_t::launch(placed_child_base& child) const { the_cores(*child.at_).launch(child); }

std::size_t on_cores_t::width() {
  static const std::size_t cores = sys::usable_cores();
  return cores;
}

}  // namespace kettle::inline KETTLE_ABI
