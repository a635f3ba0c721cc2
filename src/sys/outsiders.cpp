#include "sys/outsiders.hpp"

#include "sys/signals.hpp"
#include "sys/thread.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

// The kernel's flags of a thread that is ending, and of one of its own in our process.
constexpr unsigned long exiting = 0x4, io_worker = 0x10, user_worker = 0x4000;

bool counts(const std::string& stat) {  // "pid (name) S ppid pgrp session tty tpgid flags ..."
  std::size_t name_ends = stat.rfind(')');
  if (name_ends == std::string::npos) return false;  // it has gone since it was listed
  std::istringstream in(stat.substr(name_ends + 1));
  std::string skip;
  unsigned long flags = 0;
  in >> skip >> skip >> skip >> skip >> skip >> skip >> flags;
  return !(flags & (exiting | io_worker | user_worker));
}

constexpr int most_signals = 64;

bool is_fault(int s) noexcept {
  for (int f : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    if (s == f) return true;
  return false;
}

}  // namespace

int count_threads(const std::string& tasks) {
  int n = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator t(tasks, error), end; t != end; t.increment(error)) {
    std::string stat;
    std::getline(std::ifstream(t->path() / "stat"), stat);
    n += counts(stat);
  }
  return n > 0 && !error ? n : -1;
}

char thread_state(int thread) noexcept {
  try {
    std::string stat;
    std::getline(std::ifstream("/proc/self/task/" + std::to_string(thread) + "/stat"), stat);
    std::size_t name_ends = stat.rfind(')');
    return name_ends == std::string::npos || name_ends + 2 >= stat.size() ? 0 : stat[name_ends + 2];
  } catch (...) {
    return 0;
  }
}

bool program_handles_signals() noexcept {
  for (int s = 1; s <= most_signals; s++) {
    struct sigaction action{};
    if (is_fault(s) || s == interrupt_signal || signal_handler::owns(s)) continue;
    if (::sigaction(s, nullptr, &action) != 0) continue;  // libc's own two
    if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) return true;
  }
  return false;
}

bool has_outsiders(int ours) noexcept {
  try {
    int all = count_threads();
    return all < 0 || all > ours + threads_at_rest.load(relaxed) || program_handles_signals();
  } catch (...) {
    return true;
  }
}

}  // namespace kettle::inline KETTLE_ABI::sys
