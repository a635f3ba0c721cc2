#pragma once
// The figures of one workload, put together from its rounds: what the table, the JSON and the
// verdict are made of.
//
//   workload_report r = make_report(w, settings, done);
//   fmt::print("{}{}\n", table(r, style), r.verdict);

#include "rounds.hpp"
#include "stats.hpp"
#include "workloads.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kettle::app {

struct method_row {
  method how = method::sequential;
  std::size_t width = 1;
  int lines = 0;  // of code, see methods.hpp
  bool measured = false;
  summary wall;
  std::optional<summary> speedup;  // sequential's wall time to this one's
  summary cpu;
  double startup_s = 0;
  long peak_kib = 0;
  int threads = 1;
  int processes = 1;
  std::size_t items = 0;          // that were done: fewer than asked for when it is scaled
  bool scaled = false;            // times are those of fewer items, scaled
  std::size_t failed = 0;         // of these items, in the worst round
  std::vector<failure> failures;  // each once
  std::string problem;            // why there is no figure
  std::vector<double> walls;      // of each round
};

struct workload_report {
  workload work;  // without its items
  std::size_t items = 0;
  int cores = 1;
  int rounds_wanted = 0, rounds_run = 0, rounds_kept = 0;
  double busiest = 0;
  bool interrupted = false;
  bool busy = false;
  bool answers_differ = false;
  std::vector<method_row> rows;
  std::string verdict;

  bool anything_failed() const;
  bool anything_measured() const;
};

workload_report make_report(const workload& w, const std::vector<method>& methods,
                            const cell_settings& settings, const rounds_done& done);

}  // namespace kettle::app
