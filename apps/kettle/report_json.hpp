#pragma once
// The report as JSON, schema "kettle.compare/2": docs/compare-json.md says what every field means.
//
//   write_whole("--json", "result.json", json_of(reports, about));

#include "report.hpp"

#include <string>
#include <vector>

namespace kettle::app {

inline constexpr const char* compare_schema = "kettle.compare/2";

struct about_run {
  std::string version;
  std::string kernel;
  int cores = 1;
  double timeout_s = 10;
  bool interrupted = false;
};

std::string json_of(const std::vector<workload_report>& reports, const about_run& about);

}  // namespace kettle::app
