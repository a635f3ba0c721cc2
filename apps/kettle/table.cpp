#include "table.hpp"

#include "busy.hpp"
#include "scaling.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace kettle::app {
namespace {

constexpr int bar_columns = 40;
constexpr std::size_t columns = 12;
using cells = std::array<std::string, columns>;

constexpr std::array<std::string_view, columns> heads = {
    "method", "at once", "median", "spread",   "speed-up", "cpu",
    "peak",   "threads", "procs",  "start-up", "lines",    "failed"};

std::string speedup_of(const method_row& row) {
  if (!row.speedup) return "-";
  auto one = [](double x) { return x < 10 ? fmt::format("{:.2f}", x) : fmt::format("{:.0f}", x); };
  if (row.how == method::sequential) return "1x";
  return fmt::format("{}x ({}..{})", one(row.speedup->median), one(row.speedup->likely.low),
                     one(row.speedup->likely.high));
}

cells cells_of(const method_row& row) {
  cells out;
  out.fill("-");
  out[0] = name_of(row.how);
  out[1] = std::to_string(row.width);
  out[10] = std::to_string(row.lines);
  out[11] = std::to_string(row.failed);
  if (!row.measured) {
    out[11] = row.problem.empty() ? "-" : "all";
    return out;
  }
  out[2] = (row.scaled ? "~" : "") + duration(row.wall.median);
  out[3] = fmt::format("{}..{}", duration(row.wall.least), duration(row.wall.most));
  out[4] = speedup_of(row);
  out[5] = (row.scaled ? "~" : "") + duration(row.cpu.median);
  out[6] = fmt::format("{:.1f} MiB", static_cast<double>(row.peak_kib) / 1024);
  out[7] = std::to_string(row.threads);
  out[8] = std::to_string(row.processes);
  out[9] = duration(row.startup_s);
  return out;
}

std::string line_of(const cells& row, const std::array<std::size_t, columns>& widths) {
  // The name stands left; figures stand right, where their digits line up.
  std::string line = fmt::format("{:<{}}", row[0], widths[0]);
  for (std::size_t i = 1; i < columns; i++) line += fmt::format("  {:>{}}", row[i], widths[i]);
  return line;
}

std::string bars(const workload_report& report, table_style style) {
  double longest = 0;
  std::size_t name_width = 0;
  for (auto& row : report.rows) {
    if (row.measured) longest = std::max(longest, row.wall.median);
    name_width = std::max(name_width, name_of(row.how).size());
  }
  if (longest <= 0) return "";
  std::string out;
  for (auto& row : report.rows) {
    if (!row.measured) continue;
    int full = std::max(1, static_cast<int>(std::lround(bar_columns * row.wall.median / longest)));
    std::string bar;
    for (int i = 0; i < full; i++) bar += style.fancy ? "\u2588" : "#";
    out += fmt::format("{:<{}}  {} {}{}\n", name_of(row.how), name_width, bar,
                       row.scaled ? "~" : "", duration(row.wall.median));
  }
  return out;
}

}  // namespace

std::string rounds_of(const workload_report& r) {
  int discarded = r.rounds_run - r.rounds_kept;
  std::string out = fmt::format("{} round{} on {} core{}", r.rounds_kept,
                                r.rounds_kept == 1 ? "" : "s", r.cores, r.cores == 1 ? "" : "s");
  if (discarded > 0)
    out += fmt::format("; {} of {} put aside, other work held the cores for over {:.0f} %",
                       discarded, r.rounds_run, 100 * busy_limit);
  if (discarded > 0 && r.rounds_kept == 0) out += ": the figures are of those";
  if (r.interrupted) out += "; interrupted";
  return out;
}

std::vector<std::vector<std::string>> table_cells(const workload_report& report) {
  std::vector<std::vector<std::string>> out;
  out.reserve(report.rows.size() + 1);
  out.emplace_back(heads.begin(), heads.end());
  for (auto& row : report.rows) {
    auto one = cells_of(row);
    out.emplace_back(one.begin(), one.end());
  }
  return out;
}

std::string note_on_scaling(const workload_report& report) {
  auto one = std::ranges::find(report.rows, true, &method_row::scaled);
  if (one == report.rows.end()) return "";
  return fmt::format("~ measured on {} of the {} items and scaled: all would take over {:.0f} s\n",
                     one->items, report.items, longest_cell_s);
}

std::string duration(double seconds) {
  auto three_digits = [](double value, const char* unit) {
    int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, decimals, unit);
  };
  if (seconds >= 0.9995) return three_digits(seconds, "s");
  if (seconds >= 0.9995e-3) return three_digits(seconds * 1e3, "ms");
  return fmt::format("{:.0f} us", seconds * 1e6);
}

std::string table(const workload_report& report, table_style style) {
  auto bold = [&](const std::string& text) {
    return style.fancy ? "\033[1m" + text + "\033[0m" : text;
  };
  cells head;
  std::ranges::copy(heads, head.begin());
  std::vector<cells> rows;
  rows.reserve(report.rows.size());
  for (auto& row : report.rows) rows.push_back(cells_of(row));
  std::array<std::size_t, columns> widths{};
  for (std::size_t i = 0; i < columns; i++) {
    widths[i] = head[i].size();
    for (auto& row : rows) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out = bold(report.work.name) + ": " + report.work.title + "\n";
  out += bold(line_of(head, widths)) + "\n";
  for (auto& row : rows) out += line_of(row, widths) + "\n";
  out += rounds_of(report) + "\n";
  out += note_on_scaling(report);
  out += bars(report, style);
  return out;
}

}  // namespace kettle::app
