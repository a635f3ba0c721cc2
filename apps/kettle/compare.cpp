#include "compare.hpp"

#include "bad_input.hpp"
#include "busy.hpp"
#include "descriptors.hpp"
#include "green.hpp"
#include "guard.hpp"
#include "input.hpp"
#include "interrupts.hpp"
#include "measure.hpp"
#include "output_file.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "report_html.hpp"
#include "report_json.hpp"
#include "run_cell.hpp"
#include "scaling.hpp"
#include "table.hpp"
#include "url.hpp"
#include "workloads.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <kettle/observe/doctor.hpp>
#include <kettle/version.hpp>
#include <map>
#include <memory>

namespace kettle::app {
namespace {

constexpr std::size_t most_lines_of_failures = 10;
constexpr std::size_t check_width = 64;

// Made only when its turn comes: calibrating takes a while, and Ctrl-C may come before it.
using maker = std::function<workload()>;

class comparison {
 public:
  explicit comparison(const compare_options& options)
      : options_(options),
        methods_(options.methods.empty() ? default_methods(!green_library().empty())
                                         : options.methods) {}

  int run();

 private:
  std::vector<std::string> built_in() const {  // in the order they were asked for
    if (options_.own_work()) return {};
    if (!options_.workloads.empty()) return options_.workloads;
    return {"waiting", "computing", "mixed"};
  }
  std::vector<maker> plan();
  std::vector<std::string> own_urls();
  std::vector<std::string> working_urls(const std::vector<std::string>& urls);
  void settle();
  item_cost look_at(const workload& w);
  void measure_one(const workload& w, progress& bar);
  void tell_failures(const workload_report& report);
  void check_outputs() const;
  void write_outputs(const about_run& about) const;
  void complain(const std::string& line) {
    std::fflush(stdout);
    fmt::print(stderr, "kettle compare: {}\n", line);
  }

  const compare_options& options_;
  std::vector<method> methods_;
  machine_report here_ = look_at_machine();
  interrupts asked_;
  cell_settings settings_;
  cell_runner runner_{{own_path(), cell_verb}, 0};
  cell_runner runner_for(const cell& c) const {
    std::vector<std::string> words;
    if (c.work == work_kind::execute) words = {own_path(), guard_verb};
    if (c.how == method::green) words.insert(words.end(), {own_path(), "green", "--"});
    words.insert(words.end(), {own_path(), cell_verb});
    return {words, runner_.responder};
  }
  std::unique_ptr<responder> pages_;
  std::vector<workload_report> reports_;
  bool failed_ = false;
};

void comparison::settle() {
  settings_.width = options_.width;
  settings_.timeout_s = options_.timeout_s;
  settings_.cores = static_cast<int>(here_.cores);
  settings_.descriptors = here_.files_hard;  // each cell raises its own limit
}

std::vector<std::string> comparison::own_urls() {
  auto urls = options_.urls;
  if (!options_.url_file.empty()) {
    auto more = urls_of("--url-file", options_.url_file);
    for (auto& address : more) parse_url(address);
    urls.insert(urls.end(), more.begin(), more.end());
  }
  return urls;
}

// Each once before anything is measured: what does not answer would only be waited for in every
// cell.
std::vector<std::string> comparison::working_urls(const std::vector<std::string>& urls) {
  cell check;
  check.work = work_kind::fetch;
  check.how = method::coroutines;
  check.timeout_s = options_.timeout_s;
  for (auto& address : urls)
    if (std::ranges::find(check.items, address) == check.items.end())
      check.items.push_back(address);
  check.width = std::min(check.items.size(), check_width);
  check.most_told = check.items.size();
  auto result = run_cell(check, asked_, runner_);
  if (!result) return urls;  // interrupted: the next step sees it too
  if (!result->problem.empty())
    throw bad_input(exit_failed, "asking the URLs once: " + result->problem);
  std::map<std::string, std::string> broken;
  for (auto& f : result->failures) {
    broken.emplace(f.item, f.why);
    complain(fmt::format("{}: {}", f.item, f.why));
  }
  failed_ = failed_ || !broken.empty();
  std::vector<std::string> good;
  for (auto& address : urls)
    if (!broken.contains(address)) good.push_back(address);
  return good;
}

std::vector<maker> comparison::plan() {
  std::vector<maker> all;
  if (options_.own_urls()) {
    auto good = working_urls(own_urls());
    if (!good.empty()) all.push_back([this, good] { return url_work(good, options_.items); });
  } else if (!options_.files.empty()) {
    all.push_back(
        [this, files = files_of(options_.files)] { return file_work(files, options_.items); });
  } else if (!options_.exec.empty()) {
    all.push_back([this, lines = lines_of("--input", options_.input)] {
      return exec_work(options_.exec, lines, options_.items);
    });
  }
  for (auto& name : built_in()) {
    if (name == "computing") {
      all.push_back([this] { return computing_work(options_.items); });
      continue;
    }
    if (!pages_) pages_ = std::make_unique<responder>(options_.delay_ms);
    runner_.responder = pages_->pid();
    if (name == "waiting")
      all.push_back([this] { return waiting_work(*pages_, options_.delay_ms, options_.items); });
    else
      all.push_back([this] { return mixed_work(*pages_, options_.delay_ms, options_.items); });
  }
  return all;
}

void comparison::tell_failures(const workload_report& report) {
  std::vector<failure> told;
  for (auto& row : report.rows) {
    if (!row.problem.empty())
      complain(fmt::format("{}, {}: {}", report.work.name, name_of(row.how), row.problem));
    for (auto& f : row.failures)
      if (std::ranges::find(told, f) == told.end()) told.push_back(f);
  }
  for (std::size_t i = 0; i < std::min(told.size(), most_lines_of_failures); i++)
    complain(fmt::format("{}: {}", told[i].item, told[i].why));
  if (told.size() > most_lines_of_failures)
    complain(fmt::format("... and {} more", told.size() - most_lines_of_failures));
}

// What one item costs, when there are enough of them for it to matter.
item_cost comparison::look_at(const workload& w) {
  if (w.items.size() <= fewer_items) return {};
  auto probe = probe_of(cell_for(w, method::sequential, settings_));
  auto result = run_cell(probe, asked_, runner_for(probe));
  if (!result || !result->problem.empty()) return {};  // the rounds will say it
  return cost_from(*result, probe.items.size());
}

void comparison::measure_one(const workload& w, progress& bar) {
  if (auto line = too_few_descriptors(w, settings_, methods_); !line.empty()) complain(line);
  auto one = look_at(w);
  auto run = [&](method how, int round) -> std::optional<cell_result> {
    bar.step(fmt::format("{}: {}, round {}", w.name, name_of(how), round + 1));
    auto c = cell_for(w, how, settings_);
    if (predicted_s(c, one, settings_.cores) > longest_cell_s) c = on_fewer_items(c);
    auto result = run_cell(c, asked_, runner_for(c));
    if (result) result = scaled_to(*result, w.items.size());
    return result;
  };
  auto probe = [&] { return busy_share(settings_.cores); };
  auto done = run_rounds({methods_, options_.rounds}, run, probe);
  bar.clear();
  auto report = make_report(w, methods_, settings_, done);
  if (report.anything_measured()) {
    table_style style{.fancy = terminal_columns(stdout) > 0};
    fmt::print("{}{}\n\n", table(report, style), report.verdict);
    std::fflush(stdout);
  }
  tell_failures(report);
  failed_ = failed_ || report.anything_failed();
  reports_.push_back(std::move(report));
}

void comparison::check_outputs() const {
  if (!options_.json.empty()) check_writable("--json", options_.json);
  if (!options_.html.empty()) check_writable("--html", options_.html);
}

void comparison::write_outputs(const about_run& about) const {
  if (!options_.json.empty()) write_whole("--json", options_.json, json_of(reports_, about));
  if (!options_.html.empty()) write_whole("--html", options_.html, html_of(reports_, about));
}

int comparison::run() {
  check_outputs();
  adopt_orphans();
  settle();
  auto makers = plan();
  auto steps = makers.size() * methods_.size() * static_cast<std::size_t>(options_.rounds);
  {
    progress bar(stderr, static_cast<int>(steps));
    for (auto& make : makers) {
      if (asked_.to_stop()) break;
      measure_one(make(), bar);
    }
  }
  bool stopped = asked_.to_stop();
  pages_.reset();
  end_strays(0, 0);
  write_outputs({.version = kettle::version,
                 .kernel = here_.kernel,
                 .cores = settings_.cores,
                 .timeout_s = options_.timeout_s,
                 .interrupted = stopped});
  if (stopped) complain("interrupted: this is what was measured by then");
  asked_.end_by_it();
  return failed_ ? exit_failed : exit_fine;
}

}  // namespace

int compare(const compare_options& options) { return comparison(options).run(); }

}  // namespace kettle::app
