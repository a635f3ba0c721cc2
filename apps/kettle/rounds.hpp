#pragma once
// The order of measuring: every method once a round, rounds interleaved, busy ones repeated.
//
//   auto done = run_rounds({.methods = all, .rounds = 5}, run_cell_of, probe);
//   for (auto& round : done.kept) use(round.at(method::threads).wall_s);
//
// Around each round the probe tells how much others wanted the cores; a round above the limit is
// put aside and repeated, until there were three times as many as wanted. The two functions are
// parameters, so a test decides what is measured and how busy the machine is.

#include "cell.hpp"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace kettle::app {

using round_results = std::map<method, cell_result>;

struct rounds_wanted {
  std::vector<method> methods;
  int rounds = 1;
};

struct rounds_done {
  std::vector<round_results> kept;
  std::vector<round_results> discarded;  // the machine was busy
  round_results partial;                 // of the round that was interrupted
  double busiest = 0;                    // of the kept rounds
  bool interrupted = false;
  int wanted = 0;

  int run() const { return static_cast<int>(kept.size() + discarded.size()); }
  bool too_busy() const;  // under half of the wanted rounds remain

  // The rounds to make a table from: the kept ones, or what there is.
  std::vector<round_results> usable() const;
};

// nothing: the user asked to stop
using run_cell_of = std::function<std::optional<cell_result>(method, int round)>;
using busy_probe = std::function<double()>;

rounds_done run_rounds(const rounds_wanted& wanted, const run_cell_of& run,
                       const busy_probe& probe);

}  // namespace kettle::app
