#pragma once
// Cells that would take too long: they run on fewer items, and their figures are scaled.
//
//   item_cost one = cost_from(probe_result, probe.items.size());    // of a few items, in sequence
//   if (predicted_s(c, one, cores) > longest_cell_s) c = on_fewer_items(c);
//   ... run it ...
//   result = scaled_to(result, items_asked);
//
// Pure functions. Time is scaled; memory, threads, processes and failures stay as they were seen.

#include "cell.hpp"

namespace kettle::app {

inline constexpr double longest_cell_s = 30;
inline constexpr std::size_t fewer_items = 200;

// One item, done alone.
struct item_cost {
  double wall_s = 0;
  double cpu_s = 0;
};

// A few items of the cell, evenly chosen, in sequence.
cell probe_of(const cell& c);
item_cost cost_from(const cell_result& probe, std::size_t items);

// Who waits is done `width` at a time; who computes, as many at a time as there are cores for it.
double predicted_s(const cell& c, const item_cost& one, int cores);

cell on_fewer_items(const cell& c);
cell_result scaled_to(const cell_result& r, std::size_t items);

}  // namespace kettle::app
