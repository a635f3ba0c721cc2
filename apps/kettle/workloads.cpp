#include "workloads.hpp"

#include "bad_input.hpp"
#include "exec_template.hpp"
#include "work.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>

namespace kettle::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t waiting_items = 200;
constexpr std::size_t mixed_items = 100;
constexpr std::size_t computing_items = 64;
constexpr std::size_t url_items = 20;
constexpr std::size_t widest_threads = 64;

constexpr double hashing_s = 0.8;    // of the computing workload, in sequence
constexpr double fibonacci_s = 0.5;  // the same
constexpr double mixed_computing_s = 0.8;
constexpr double own_files_s = 0.2;  // less cannot be told from noise

constexpr std::uintmax_t smallest_file = 1024;
constexpr std::uintmax_t largest_file = 1024 * 1024;

double cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// CPU seconds of one call, out of as many as 10 ms hold: other work on the machine does not count.
double cost_of(const std::function<void()>& call) {
  constexpr double enough_s = 0.01;
  call();  // the first one meets cold caches
  double start = cpu_now();
  int calls = 0;
  do {
    call();
    calls++;
  } while (cpu_now() - start < enough_s);
  return (cpu_now() - start) / calls;
}

std::size_t passes_for(double wanted_s, double cost_s) {
  return static_cast<std::size_t>(std::max(1.0, std::round(wanted_s / std::max(cost_s, 1e-9))));
}

// The n whose fibonacci(n) takes about as long as wanted: each step costs 1.618 times the last.
unsigned fibonacci_for(double wanted_s) {
  constexpr unsigned probe = 22;
  [[maybe_unused]] static volatile std::uint64_t sink;
  double cost = cost_of([] { sink = fibonacci(probe); });
  double steps = std::log(wanted_s / cost) / std::log(1.6180339887);
  return static_cast<unsigned>(std::clamp(probe + std::lround(steps), 5L, 60L));
}

void collect(const fs::path& folder, std::size_t most, std::vector<std::string>& out) {
  std::vector<fs::directory_entry> entries;
  std::error_code problem;
  for (fs::directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem))
    entries.push_back(*it);
  std::ranges::sort(entries);
  for (auto& entry : entries) {
    if (out.size() >= most) return;
    std::error_code unknown;
    if (entry.is_symlink(unknown)) continue;
    if (entry.is_directory(unknown)) {
      collect(entry.path(), most, out);
    } else if (entry.is_regular_file(unknown)) {
      auto size = entry.file_size(unknown);
      if (!unknown && size >= smallest_file && size <= largest_file &&
          ::access(entry.path().c_str(), R_OK) == 0)
        out.push_back(entry.path().string());
    }
  }
}

template <class T> std::vector<T> repeated(const std::vector<T>& some, std::size_t count) {
  std::vector<T> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; i++) out.push_back(some[i % some.size()]);
  return out;
}

workload page_work(const responder& pages, std::size_t count) {
  workload w;
  w.items.reserve(count);
  for (std::size_t i = 0; i < count; i++) w.items.push_back(pages.address(i));
  return w;
}

}  // namespace

workload waiting_work(const responder& pages, int delay_ms, std::optional<std::size_t> items) {
  workload w = page_work(pages, items.value_or(waiting_items));
  w.name = "waiting";
  w.work = work_kind::fetch;
  w.title = fmt::format("{} pages over HTTP from kettle's own responder, each answered after {} ms",
                        w.items.size(), delay_ms);
  return w;
}

workload mixed_work(const responder& pages, int delay_ms, std::optional<std::size_t> items) {
  workload w = page_work(pages, items.value_or(mixed_items));
  w.name = "mixed";
  w.work = work_kind::fetch_and_compute;
  auto text = page_text(0);
  double cost = cost_of([&] { digest(text, 1); });
  w.passes = passes_for(mixed_computing_s / static_cast<double>(w.items.size()), cost);
  w.title = fmt::format("{} pages fetched after {} ms each, each then hashed and counted {} times",
                        w.items.size(), delay_ms, w.passes);
  return w;
}

workload computing_work(std::optional<std::size_t> items, const std::string& root) {
  std::size_t count = items.value_or(computing_items);
  std::size_t numbers = count / 4;
  std::size_t texts = count - numbers;
  workload w;
  w.name = "computing";
  auto found = sample_files(root, 48);
  if (found.empty())
    throw bad_input(exit_failed, fmt::format("{}: no readable file of 1 KiB to 1 MiB in it", root));
  w.files.assign(found.begin(),
                 found.begin() + static_cast<std::ptrdiff_t>(std::min(texts, found.size())));

  std::vector<std::string> hashes;
  for (auto& file : w.files) {
    double cost = cost_of([&] { compute(file_item(1, file)); });
    hashes.push_back(file_item(passes_for(hashing_s / static_cast<double>(texts), cost), file));
  }
  hashes = repeated(hashes, texts);
  unsigned n = numbers == 0 ? 0 : fibonacci_for(fibonacci_s / static_cast<double>(numbers));
  // One number after three texts, so that every part of the list costs about the same.
  for (std::size_t i = 0; i < count; i++) {
    if (i % 4 == 3)
      w.items.push_back(fibonacci_item(n));
    else
      w.items.push_back(hashes[i - i / 4]);
  }
  w.title = fmt::format("{} files of {} hashed (SHA-256) and their words counted, over and over",
                        w.files.size(), root);
  if (numbers > 0) w.title += fmt::format(", and {} times Fibonacci {} the naive way", numbers, n);
  return w;
}

workload url_work(const std::vector<std::string>& urls, std::optional<std::size_t> items) {
  workload w;
  w.name = "urls";
  w.work = work_kind::fetch;
  w.items = repeated(urls, items.value_or(std::max(urls.size(), url_items)));
  w.title = fmt::format("{} requests to {} URL{}", w.items.size(), urls.size(),
                        urls.size() == 1 ? "" : "s");
  w.same_answers = false;
  return w;
}

workload file_work(std::vector<std::string> files, std::optional<std::size_t> items) {
  workload w;
  w.name = "files";
  if (items && *items < files.size()) files.resize(*items);
  w.files = files;
  // Over and over until the clock can tell: some clocks of CPU time move in steps of milliseconds,
  // and a few tiny files would cost nothing.
  double cost = cost_of([&] {
    double start = cpu_now();
    for (auto& file : files) {
      try {
        compute(file_item(1, file));
      } catch (const std::runtime_error&) {
        // It fails again when it is measured, and is named then.
      }
      if (cpu_now() - start > own_files_s) break;
    }
  });
  std::size_t passes = passes_for(own_files_s, cost);
  w.items.reserve(files.size());
  for (auto& file : files) w.items.push_back(file_item(passes, file));
  w.title = fmt::format("{} file{} hashed (SHA-256) and the words counted{}", files.size(),
                        files.size() == 1 ? "" : "s",
                        passes == 1 ? "" : fmt::format(", {} times over", passes));
  return w;
}

workload exec_work(const std::string& command, std::vector<std::string> lines,
                   std::optional<std::size_t> items) {
  workload w;
  w.name = "exec";
  w.work = work_kind::execute;
  if (items && *items < lines.size()) lines.resize(*items);
  w.items = std::move(lines);
  w.script = exec_template(command).script();
  w.title = fmt::format("{} times: {}", w.items.size(), command);
  w.same_answers = false;
  return w;
}

std::size_t default_width(work_kind work, method how, std::size_t items,
                          const cell_settings& settings) {
  // A descriptor for each item that waits, and some for everything else.
  std::size_t all = std::min(items, std::max<std::size_t>(settings.descriptors, 128) - 64);
  if (how == method::sequential) return 1;
  if (work == work_kind::execute) return std::min(items, widest_threads);
  bool of_the_system = how == method::threads || how == method::processes;  // few, and dear
  if (!of_the_system) return work == work_kind::compute ? items : all;
  if (work == work_kind::compute)
    return std::min(items, static_cast<std::size_t>(std::max(settings.cores, 1)));
  return std::min(all, widest_threads);
}

cell cell_for(const workload& w, method how, const cell_settings& settings) {
  cell c;
  c.work = w.work;
  c.how = how;
  c.width = default_width(w.work, how, w.items.size(), settings);
  if (settings.width && how != method::sequential)
    c.width = std::min(*settings.width, w.items.size());
  c.timeout_s = settings.timeout_s;
  c.passes = w.passes;
  c.script = w.script;
  c.items = w.items;
  return c;
}

std::vector<std::string> sample_files(const std::string& root, std::size_t most) {
  std::vector<std::string> all;
  collect(root, most, all);
  return all;
}

}  // namespace kettle::app
