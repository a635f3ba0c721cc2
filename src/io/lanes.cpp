#include "io/lanes.hpp"

#include "core/home.hpp"
#include "threads/lane.hpp"

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr unsigned name_slot = 2,
                   file_slot = 3;  // of the companion_set; 0 and 1 are on_thread's and on_cores'

lane& lane_in(home& h, unsigned slot, std::uint32_t most_threads) {
  auto make = [&] { return static_cast<companion*>(new lane({.most_threads = most_threads})); };
  return static_cast<lane&>(h.companions().get(slot, make));
}

}  // namespace

void file_lane::launch(placed_child_base& c) const { lane_in(*c.at_, file_slot, 4).launch(c); }

void name_lane::launch_own(placed_child_base& c) {
  c.lateness_ = lateness::abandon;  // also at the end of the run
  lane_in(*c.at_, name_slot, 8).launch(c);
}

busy_run::busy_run() : run_(home::here().in()) { run_.work_begins(); }
busy_run::~busy_run() { run_.work_ends(); }

}  // namespace kettle::inline KETTLE_ABI
