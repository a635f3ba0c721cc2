#include "measure.hpp"

#include "methods.hpp"
#include "pipe_io.hpp"
#include "process_tree.hpp"
#include "work.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <exception>

namespace kettle::app {
namespace {

using clock = std::chrono::steady_clock;

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

double cpu_seconds() {
  double sum = 0;
  for (auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    ::getrusage(who, &used);
    sum += seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  }
  return sum;
}

class stop_watch : public meter {
 public:
  explicit stop_watch(cell_result& into) : into_(into) {}

  void ready() override {
    into_.startup_s = since(began_);
    cpu_ = cpu_seconds() + look_below().cpu_s;
    work_ = clock::now();
  }
  void over() override {
    into_.wall_s = since(work_);
    auto below = look_below();
    into_.cpu_s = cpu_seconds() + below.cpu_s - cpu_;
    below_ = below;
    into_.threads = static_cast<int>(status_number(read_file("/proc/self/status"), "Threads:"));
  }
  const process_figures& below() const { return below_; }  // while the pool still stood

 private:
  static double since(clock::time_point then) {
    return std::chrono::duration<double>(clock::now() - then).count();
  }

  cell_result& into_;
  clock::time_point began_ = clock::now();
  clock::time_point work_;
  double cpu_ = 0;
  process_figures below_;
};

}  // namespace

long status_number(const std::string& status, const std::string& field) {
  auto at = status.find("\n" + field);
  return at == status.npos ? -1 : std::atol(status.c_str() + at + 1 + field.size());
}

cell_result measure(const cell& c) {
  cell_result r;
  long below_kib = 0;
  try {
    stop_watch watch(r);
    auto outcomes = run_items(c, watch);
    std::string all;
    r.items = outcomes.size();
    for (std::size_t i = 0; i < outcomes.size(); i++) {
      auto& one = outcomes[i];
      all += one.answer + "\n";
      if (!one.failed) continue;
      r.failed++;
      if (r.failures.size() < c.most_told)
        r.failures.push_back({name_of_item(c.items[i]), one.why});
    }
    r.answers = sha256(all);
    r.processes = 1 + std::max(most_programs_at_once(), watch.below().processes);
    // A worker counts the programs that it runs, one at a time, in its own memory.
    if (c.how == method::processes && c.work == work_kind::execute)
      r.processes += static_cast<int>(c.width);
    below_kib = watch.below().memory_kib;
  } catch (const std::exception& wrong) {
    r.problem = wrong.what();
  }
  // Not ru_maxrss: that one remembers the size of whoever forked us.
  r.peak_kib = status_number(read_file("/proc/self/status"), "VmHWM:") + below_kib;
  return r;
}

int serve_cell(int in, int out) {
  // Whatever prints to standard output must not end up in the result.
  int result = ::fcntl(out, F_DUPFD_CLOEXEC, 10);
  int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  auto text = read_all(in);
  auto c = cell_from_json(text);
  ::dup2(nowhere, in), ::dup2(nowhere, out);
  if (c.work == work_kind::execute) ::dup2(nowhere, 2);  // the programs inherit it
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return write_all(result, to_json(measure(c))) ? 0 : 1;
}

}  // namespace kettle::app
