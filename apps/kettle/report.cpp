#include "report.hpp"

#include "methods.hpp"
#include "verdict.hpp"

#include <algorithm>
#include <map>

namespace kettle::app {
namespace {

constexpr std::size_t most_failures_told = 20;

void remember(method_row& row, const cell_result& r) {
  row.walls.push_back(r.wall_s);
  row.peak_kib = std::max(row.peak_kib, r.peak_kib);
  row.threads = std::max(row.threads, r.threads);
  row.processes = std::max(row.processes, r.processes);
  row.items = r.items;
  row.failed = std::max(row.failed, r.failed);
  for (auto& f : r.failures)
    if (std::ranges::find(row.failures, f) == row.failures.end() &&
        row.failures.size() < most_failures_told)
      row.failures.push_back(f);
}

method_row make_row(method how, const std::vector<round_results>& rounds) {
  method_row row;
  row.how = how;
  std::vector<double> cpu, startup, above, below;
  for (auto& round : rounds) {
    auto mine = round.find(how);
    if (mine == round.end()) continue;
    if (!mine->second.problem.empty()) {
      row.problem = mine->second.problem;
      continue;
    }
    remember(row, mine->second);
    cpu.push_back(mine->second.cpu_s);
    startup.push_back(mine->second.startup_s);
    auto plain = round.find(method::sequential);
    if (plain == round.end() || !plain->second.problem.empty()) continue;
    above.push_back(plain->second.wall_s);
    below.push_back(mine->second.wall_s);
  }
  row.measured = !row.walls.empty() && row.problem.empty();
  if (!row.measured) return row;
  row.wall = summarise(row.walls);
  row.cpu = summarise(cpu);
  row.startup_s = median(startup);
  if (!above.empty()) row.speedup = summarise(ratios(above, below));
  return row;
}

// Whoever did the same items must have found the same.
bool answers_differ(const std::vector<round_results>& rounds) {
  std::map<std::size_t, std::string> found;  // by the number of items: always the first of them
  for (auto& round : rounds)
    for (auto& [how, r] : round) {
      if (r.failed > 0 || !r.problem.empty() || r.answers.empty()) continue;
      if (found.try_emplace(r.items, r.answers).first->second != r.answers) return true;
    }
  return false;
}

figures figures_of(const workload_report& report) {
  figures f;
  f.has_sequential = false;
  f.cores = report.cores;
  f.items = report.items;
  f.rounds_wanted = report.rounds_wanted;
  f.rounds_run = report.rounds_run;
  f.rounds_kept = report.rounds_kept;
  for (auto& row : report.rows) {
    if (!row.measured) continue;
    if (row.how == method::sequential) {
      f.has_sequential = true;
      f.sequential_wall_s = row.wall.median;
      f.sequential_cpu_s = row.cpu.median;
      f.sequential_failures = row.failed;
    } else {
      auto speedup = row.speedup.value_or(summary{});
      f.methods.push_back({row.how, speedup.median, speedup.likely, row.threads, row.failed,
                           row.processes, row.items});
    }
  }
  return f;
}

}  // namespace

bool workload_report::anything_failed() const {
  return answers_differ || std::ranges::any_of(rows, [](const method_row& row) {
           return row.failed > 0 || !row.problem.empty();
         });
}

bool workload_report::anything_measured() const {
  return std::ranges::any_of(rows, &method_row::measured);
}

workload_report make_report(const workload& w, const std::vector<method>& methods,
                            const cell_settings& settings, const rounds_done& done) {
  workload_report out;
  out.work = w;
  out.work.items.clear();
  out.items = w.items.size();
  out.cores = settings.cores;
  out.rounds_wanted = done.wanted;
  out.rounds_run = done.run();
  out.rounds_kept = static_cast<int>(done.kept.size());
  out.busiest = done.busiest;
  out.busy = done.too_busy();
  out.interrupted = done.interrupted;
  auto rounds = done.usable();
  out.answers_differ = w.same_answers && answers_differ(rounds);
  for (method m : methods) {
    auto row = make_row(m, rounds);
    row.width = cell_for(w, m, settings).width;
    row.scaled = row.measured && row.items > 0 && row.items < w.items.size();
    if (row.scaled) row.width = std::min(row.width, row.items);
    row.lines = lines_of_code(m, w.work);
    out.rows.push_back(std::move(row));
  }
  if (out.answers_differ)
    out.verdict = "No verdict: the methods found different answers to the same work.";
  else if (out.interrupted)
    out.verdict = "No verdict: interrupted.";
  else
    out.verdict = verdict(figures_of(out));
  return out;
}

}  // namespace kettle::app
