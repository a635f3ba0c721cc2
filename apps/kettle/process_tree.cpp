#include "process_tree.hpp"

#include "measure.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace kettle::app {
namespace {

namespace fs = std::filesystem;

// Empty when it is gone: processes end while one looks.
std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void add_children(pid_t of, std::vector<pid_t>& into) {
  std::error_code gone;
  for (fs::directory_iterator it(fmt::format("/proc/{}/task", of), gone), end; !gone && it != end;
       it.increment(gone)) {
    std::istringstream children(text_of(it->path() / "children"));
    for (pid_t pid; children >> pid;) into.push_back(pid);
  }
}

double own_cpu_s(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// cutime and cstime: fields 16 and 17 of stat, whose second field may hold blanks and brackets.
double waited_for_cpu_s(const std::string& stat) {
  constexpr int before = 13;  // fields between the name and cutime
  auto name_ends = stat.rfind(')');
  if (name_ends == stat.npos) return 0;
  std::istringstream rest(stat.substr(name_ends + 1));
  std::string skipped;
  for (int i = 0; i < before; i++) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

process_figures look_below() {
  std::vector<pid_t> all;
  add_children(::getpid(), all);
  process_figures sum;
  for (std::size_t i = 0; i < all.size(); i++) {
    add_children(all[i], all);
    fs::path folder = fmt::format("/proc/{}", all[i]);
    sum.processes++;
    sum.cpu_s += own_cpu_s(all[i]) + waited_for_cpu_s(text_of(folder / "stat"));
    long pages = status_number(text_of(folder / "smaps_rollup"), "Pss:");
    sum.memory_kib += std::max(pages, 0L);
  }
  return sum;
}

}  // namespace kettle::app
