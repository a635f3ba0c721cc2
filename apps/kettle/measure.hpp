#pragma once
// Measures one cell in the process it is called in, which should be a fresh one.
//
//   cell_result r = measure(c);
//
// Start-up of the pool or loop is apart from the work; CPU seconds include those of worker
// processes and of programs that were run and waited for; threads and processes are counted while
// the pool still stands; memory is this process's peak and what its workers hold in the end.

#include "cell.hpp"

namespace kettle::app {

cell_result measure(const cell& c);

inline constexpr const char* cell_verb = "__cell";

// The process behind run_cell.hpp: a cell as JSON from `in`, its result as JSON to `out`.
int serve_cell(int in, int out);

// The number after `field` in a text like /proc/self/status; -1 when it is not there.
long status_number(const std::string& status, const std::string& field);

}  // namespace kettle::app
