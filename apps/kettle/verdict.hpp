#pragma once
// One sentence from the figures of one workload: which method pays, and why.
//
//   figures f{.sequential_wall_s = 4.2, .sequential_cpu_s = 0.03, .cores = 2, .items = 200};
//   f.methods = {{method::threads, 45, {44, 46}, 65, 0}, {method::fibers, 160, {150, 170}, 1, 0}};
//   verdict(f);  // "fibers pay most (160x): sequential waits 99 % of its time and ..."
//
// A pure function: it knows nothing but what it is given, so contrary figures get the contrary
// sentence. Methods whose intervals overlap are not told apart ("no difference").

#include "method.hpp"
#include "stats.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace kettle::app {

struct method_figures {
  method how = method::sequential;
  double speedup = 1;  // sequential's wall time to this one's, median of the rounds
  interval likely = {1, 1};
  int threads = 1;  // kernel threads of the process that ran it
  std::size_t failures = 0;
  int processes = 1;      // at the same time, itself included
  std::size_t items = 0;  // it was measured on; 0: all
};

struct figures {
  bool has_sequential = true;
  double sequential_wall_s = 0;
  double sequential_cpu_s = 0;
  std::size_t sequential_failures = 0;
  int cores = 1;
  std::size_t items = 0;
  int rounds_kept = 1;
  int rounds_run = 1;
  int rounds_wanted = 1;
  std::vector<method_figures> methods;  // without sequential
};

// Other work held the cores in so many rounds that the rest says nothing.
bool too_busy(const figures& f);

std::string verdict(const figures& f);

}  // namespace kettle::app
