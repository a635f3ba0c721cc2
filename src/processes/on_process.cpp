#include <kettle/processes/on_process.hpp>

#include "core/home.hpp"
#include "processes/engine.hpp"
#include "processes/nested.hpp"
#include "sys/machine.hpp"

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr unsigned process_slot = 4;  // of the companion_set

process_engine& the_pool(home& h) {
  auto make = [] { return static_cast<companion*>(new process_engine({})); };
  return static_cast<process_engine&>(h.companions().get(process_slot, make));
}

}  // namespace

void on_process_t::launch(placed_child_base& child) const {
  if (in_worker()) return run_nested(child);
  the_pool(*child.at_).launch(child);
}

std::size_t on_process_t::width() {
  static const std::size_t cores = sys::usable_cores();
  return cores;
}

}  // namespace kettle::inline KETTLE_ABI
