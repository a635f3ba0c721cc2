#include "io/lanes.hpp"

#include "core/home.hpp"
#include "threads/lane.hpp"

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr unsigned file_slot = 3;  // of the companion_set; 0 and 1 are on_thread's and on_cores'

lane& lane_of(home& h) {
  auto make = [&] { return static_cast<companion*>(new lane({.most_threads = 4})); };
  return static_cast<lane&>(h.companions().get(file_slot, make));
}

}  // namespace

void file_lane::launch(placed_child_base& c) const { lane_of(*c.at_).launch(c); }

busy_run::busy_run() : run_(home::here().in()) { run_.work_begins(); }
busy_run::~busy_run() { run_.work_ends(); }

}  // namespace kettle::inline KETTLE_ABI
