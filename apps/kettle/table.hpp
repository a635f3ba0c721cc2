#pragma once
// The report of one workload as text: a table, bars, and nothing that depends on colour.
//
//   fmt::print("{}", table(report, {.fancy = terminal_columns(stdout) > 0}));

#include "report.hpp"

#include <string>
#include <vector>

namespace kettle::app {

struct table_style {
  bool fancy = false;  // bold heads and block characters: only for a terminal
};

std::string table(const workload_report& report, table_style style);

// The same figures for another form: the heads, then a line for each method.
std::vector<std::vector<std::string>> table_cells(const workload_report& report);

// "5 rounds on 2 cores; ...", and what was put aside.
std::string rounds_of(const workload_report& report);

// What the mark "~" means, if it is there: one line, or nothing.
std::string note_on_scaling(const workload_report& report);

// "4.24 s", "91.2 ms", "35 us"
std::string duration(double seconds);

}  // namespace kettle::app
