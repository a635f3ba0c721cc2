#include "report_json.hpp"

#include "busy.hpp"

#include <nlohmann/json.hpp>

namespace kettle::app {
namespace {

using json = nlohmann::ordered_json;

json json_of(const summary& s) {
  return {{"median", s.median},
          {"min", s.least},
          {"max", s.most},
          {"low", s.likely.low},
          {"high", s.likely.high}};
}

json json_of(const method_row& row) {
  json out = {
      {"method", name_of(row.how)}, {"width", row.width},
      {"lines", row.lines},         {"measured", row.measured},
      {"failed", row.failed},       {"problem", row.problem.empty() ? json() : json(row.problem)}};
  out["failures"] = json::array();
  for (auto& f : row.failures) out["failures"].push_back({{"item", f.item}, {"why", f.why}});
  if (!row.measured) return out;
  out["wall_s"] = json_of(row.wall);
  out["rounds_s"] = row.walls;
  out["speedup"] = row.speedup ? json_of(*row.speedup) : json();
  out["cpu_s"] = json_of(row.cpu);
  out["startup_s"] = row.startup_s;
  out["peak_kib"] = row.peak_kib;
  out["items"] = row.items;
  out["scaled"] = row.scaled;
  out["threads"] = row.threads;
  out["processes"] = row.processes;
  return out;
}

json json_of(const workload_report& r) {
  json out = {
      {"name", r.work.name},
      {"title", r.work.title},
      {"items", r.items},
      {"files", r.work.files},
      {"rounds", {{"wanted", r.rounds_wanted}, {"run", r.rounds_run}, {"kept", r.rounds_kept}}},
      {"busy", r.busy},
      {"busiest", r.busiest},
      {"interrupted", r.interrupted},
      {"answers_differ", r.answers_differ},
      {"verdict", r.verdict},
      {"methods", json::array()}};
  for (auto& row : r.rows) out["methods"].push_back(json_of(row));
  return out;
}

}  // namespace

std::string json_of(const std::vector<workload_report>& reports, const about_run& about) {
  json out = {
      {"schema", compare_schema},
      {"kettle", about.version},
      {"machine", {{"kernel", about.kernel}, {"cores", about.cores}, {"busy_limit", busy_limit}}},
      {"timeout_s", about.timeout_s},
      {"interrupted", about.interrupted},
      {"workloads", json::array()}};
  for (auto& r : reports) out["workloads"].push_back(json_of(r));
  // File names may be any bytes; what is not UTF-8 is replaced rather than refused.
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace kettle::app
