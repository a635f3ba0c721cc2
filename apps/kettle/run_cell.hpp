#pragma once
// Runs one cell in a fresh process of its own, and answers Ctrl-C meanwhile.
//
//   auto result = run_cell(c, asked);
//   if (!result) ...  // the user asked to stop: that process and all it had started are gone
//
// A cell that breaks or never comes back is a result too: its `problem` says how.

#include "cell.hpp"
#include "interrupts.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kettle::app {

struct cell_runner {
  std::vector<std::string> program;  // reads a cell, writes its result; kettle itself with __cell
  pid_t responder = 0;               // of the children, the one to leave alone
};

std::optional<cell_result> run_cell(const cell& c, interrupts& asked, const cell_runner& how);

// No cell takes longer than this, if every item keeps its timeout; 0: computing has no limit.
double longest_s(const cell& c);

}  // namespace kettle::app
