#include "descriptors.hpp"

#include "bad_input.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace kettle::app {
namespace {

constexpr std::size_t for_everything_else = 64;

bool takes_all_at_once(method how) {
  return how == method::coroutines || how == method::fibers || how == method::green;
}

}  // namespace

std::size_t room_for_items(std::size_t descriptors) {
  return std::max(descriptors, 2 * for_everything_else) - for_everything_else;
}

std::string too_few_descriptors(const workload& w, const cell_settings& settings,
                                const std::vector<method>& methods) {
  std::size_t room = room_for_items(settings.descriptors), items = w.items.size();
  if (w.work == work_kind::compute || items <= room) return "";
  if (settings.width && std::min(*settings.width, items) > room)
    throw bad_input(exit_usage,
                    fmt::format("--width {}: the hard limit of {} descriptors (ulimit -Hn) allows "
                                "{} at once",
                                *settings.width, settings.descriptors, room));
  // Programs run 64 at once, whatever the limit.
  if (settings.width || w.work == work_kind::execute) return "";
  std::string names;
  for (method how : methods)
    if (takes_all_at_once(how)) names += (names.empty() ? "" : ", ") + std::string(name_of(how));
  if (names.empty()) return "";
  return fmt::format(
      "{}: the hard limit of {} descriptors (ulimit -Hn) allows {} of the {} items at once: {}",
      w.name, settings.descriptors, room, items, names);
}

}  // namespace kettle::app
