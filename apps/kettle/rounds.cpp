#include "rounds.hpp"

#include "busy.hpp"

#include <algorithm>

namespace kettle::app {
namespace {

constexpr int most_attempts_each = 3;

}  // namespace

bool rounds_done::too_busy() const {
  return !interrupted && 2 * static_cast<int>(kept.size()) < wanted;
}

std::vector<round_results> rounds_done::usable() const {
  auto rounds = kept.empty() ? discarded : kept;
  if (rounds.empty() && !partial.empty()) rounds.push_back(partial);
  return rounds;
}

rounds_done run_rounds(const rounds_wanted& wanted, const run_cell_of& run,
                       const busy_probe& probe) {
  rounds_done out;
  out.wanted = wanted.rounds;
  auto order = wanted.methods;
  while (static_cast<int>(out.kept.size()) < wanted.rounds &&
         out.run() < most_attempts_each * wanted.rounds) {
    double busy = probe();
    round_results round;
    for (method m : order) {
      auto result = run(m, out.run());
      if (!result) {
        out.interrupted = true;
        out.partial = round;
        return out;
      }
      round.emplace(m, *result);
    }
    busy = std::max(busy, probe());
    if (busy > busy_limit) {
      out.discarded.push_back(round);
    } else {
      out.kept.push_back(round);
      out.busiest = std::max(out.busiest, busy);
    }
    // Nobody is always first, so nobody always meets the cold caches.
    std::ranges::rotate(order, order.begin() + 1);
  }
  return out;
}

}  // namespace kettle::app
