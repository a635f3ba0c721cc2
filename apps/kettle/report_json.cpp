#include "report_json.hpp"

#include "bad_input.hpp"
#include "busy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace kettle::app {
namespace {

namespace fs = std::filesystem;
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

[[noreturn]] void refuse(const std::string& path, int problem, int exit_status) {
  throw bad_input(exit_status, fmt::format("--json {}: {}", path, std::strerror(problem)));
}

bool is_special(const std::string& path) {
  std::error_code unknown;
  auto status = fs::status(path, unknown);
  return fs::exists(status) && !fs::is_regular_file(status);
}

// Where a link leads even if nothing is there yet, so that the link stays and its target is made.
std::string behind_links(fs::path path) {
  std::error_code unknown;
  for (int links = 0; links < 40 && fs::is_symlink(path, unknown); links++)
    path = path.parent_path() / fs::read_symlink(path, unknown);  // an absolute one replaces all
  return path.string();
}

fs::path folder_of(const std::string& path) {
  auto folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

void write_all(std::FILE* out, const std::string& path, const std::string& text) {
  bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  int problem = errno;
  if (std::fclose(out) != 0 && written) problem = errno, written = false;
  if (!written) refuse(path, problem, exit_failed);
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

void check_writable(const std::string& path) {
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) refuse(path, EISDIR, exit_usage);
  if (fs::exists(path, unknown) && ::access(path.c_str(), W_OK) != 0)
    refuse(path, errno, exit_usage);
  if (!is_special(path) && ::access(folder_of(path).c_str(), W_OK | X_OK) != 0)
    refuse(path, errno, exit_usage);
}

void write_json(const std::string& path, const std::string& text) {
  if (is_special(path)) {
    std::FILE* out = std::fopen(path.c_str(), "we");
    if (!out) refuse(path, errno, exit_failed);
    return write_all(out, path, text);
  }
  auto target = behind_links(path);
  std::string beside = target + ".XXXXXX";
  int fd = ::mkostemp(beside.data(), O_CLOEXEC);
  std::FILE* out = fd < 0 ? nullptr : ::fdopen(fd, "w");
  if (!out) refuse(path, errno, exit_failed);
  ::fchmod(fd, 0644);
  try {
    write_all(out, path, text);
    if (::rename(beside.c_str(), target.c_str()) != 0) refuse(path, errno, exit_failed);
  } catch (const bad_input&) {
    ::unlink(beside.c_str());
    throw;
  }
}

}  // namespace kettle::app
