#include "loop/grace.hpp"

#include "core/task_tree.hpp"
#include "core/tasks.hpp"
#include "sys/time.hpp"

#include <new>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI::detail {

namespace {
constexpr std::size_t most_tasks = 20;
}

void grace_watch::begin(nursery& root, const run_signals& signals) noexcept {
  root_ = &root;
  signals_ = &signals;
  root.watch_cancel(this);
}

void grace_watch::end() noexcept {
  if (root_) root_->watch_cancel(nullptr);
  root_ = nullptr;
  if (armed_) at_.look_out(outer_);
  armed_ = false;
}

void grace_watch::was_cancelled(nursery::cancel_watch& w) noexcept {
  auto& self = static_cast<grace_watch&>(w);
  if (self.armed_ || self.grace_ == duration::max()) return;
  self.when = after(sys::monotonic_now(), self.grace_);
  self.outer_ = self.at_.look_out(&self);
  self.armed_ = true;
}

void grace_watch::is_late(home::lookout& l) noexcept {
  try {
    static_cast<grace_watch&>(l).say();
  } catch (const std::bad_alloc&) {}  // then it stays unsaid
}

void grace_watch::say() const {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  std::size_t more = 0;
  std::vector<int> threads;
  std::string tasks = who_keeps_open(root_->scope(), most_tasks, more, threads);
  std::string said = "kettle: this run was cancelled";
  if (shared_text why = root_->scope().effective_reason(); *why.c_str())
    said += std::string(" (") + why.c_str() + ")";
  said += " " + std::to_string(duration_cast<milliseconds>(grace_).count()) +
          " ms ago, and is kept open by\n" + tasks;
  if (more > 0) said += "  and " + std::to_string(more) + " more\n";
  if (!threads.empty()) dump_threads(said, threads);
  if (run_signals::are_owned())
    said += std::string("SIGINT or SIGTERM ") + (signals_->cancelled_by() ? "once more" : "twice") +
            " ends the process\n";
  print_lines(said);
}

}  // namespace kettle::inline KETTLE_ABI::detail
