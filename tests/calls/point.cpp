#include "point.hpp"

#include "known.hpp"

#include <kettle/base/error.hpp>
#include <kettle/base/thrown.hpp>
#include <kettle/processes/errors.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <new>
#include <vector>

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kettle::tests {

namespace {

// Then it hangs. KETTLE_SWEEP_LIMIT_MS says otherwise.
int limit_ms() {
  const char* text = std::getenv("KETTLE_SWEEP_LIMIT_MS");
  return text ? std::atoi(text) : 20'000;
}
constexpr std::size_t most_kinds = 64;

// What the child tells, in memory that both have.
struct report {
  std::atomic<bool> met, ended;
  verdict what;
  char text[2048];
  std::uint32_t calls[call_count];
  std::atomic<int> kinds;
  struct {
    char name[48];
    int count;
  } descriptors[most_kinds];
};

report& shared() {
  static void* at =
      ::mmap(nullptr, sizeof(report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return *static_cast<report*>(at);
}

void say(report& r, verdict what, const std::string& text) {
  r.what = what;
  std::snprintf(r.text, sizeof r.text, "%s", text.c_str());
}

template <std::size_t N> bool among(const std::array<int, N>& all, int error) {
  return error != 0 && std::find(all.begin(), all.end(), error) != all.end();
}

std::string name_of_error(const fault& f) {
  if (f.error == in_part) return "a part";
  if (call_table[f.call].name == "getaddrinfo") return ::gai_strerror(f.error);
  const char* name = ::strerrorname_np(f.error);
  return name ? name : std::to_string(f.error);
}

// Whether somebody who reads it knows what the system has refused.
bool tells(const std::exception_ptr& e, const fault& f) {
  if (auto* group = thrown_as<error_group>(e))
    return std::any_of(group->errors().begin(), group->errors().end(),
                       [&](auto& one) { return tells(one, f); });
  if (f.error == ENOMEM && thrown_as<std::bad_alloc>(e)) return true;
  bool resolver = call_table[f.call].name == "getaddrinfo";
  if (auto* io = thrown_as<io_error>(e))
    return resolver || (io->code().value() == f.error && !io->operation().empty());
  std::string text = describe(e);
  return text.find(std::strerror(f.error)) != text.npos;
}

std::map<std::string, int> descriptors() {
  std::map<std::string, int> all;
  DIR* folder = ::opendir("/proc/self/fd");
  while (dirent* e = ::readdir(folder)) {
    char path[64], target[128];
    std::snprintf(path, sizeof path, "/proc/self/fd/%.20s", e->d_name);
    ssize_t n = ::readlink(path, target, sizeof target - 1);
    if (n <= 0) continue;
    std::string kind(target, std::size_t(n));
    if (kind.starts_with("/proc/")) continue;  // the folder itself
    all[kind.substr(0, kind.find(":["))]++;
  }
  ::closedir(folder);
  return all;
}

void tell_descriptors(report& r, const std::map<std::string, int>& all) {
  int n = 0;
  for (auto& [kind, count] : all) {
    if (n == most_kinds) break;
    std::snprintf(r.descriptors[n].name, sizeof r.descriptors[n].name, "%s", kind.c_str());
    r.descriptors[n++].count = count;
  }
  r.kinds = n;
}

std::exception_ptr outcome_of(const body& b) {
  try {
    b.run();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

void judge(report& r, const body& b, const std::exception_ptr& e, const fault& f) {
  if (f.call == no_call) {
    if (e) return say(r, verdict::fault, "without a fault: " + describe(e));
    return say(r, verdict::absorbed, "");
  }
  const call_errors& errors = call_table[f.call];
  if (!e) {
    if (among(errors.kept, f.error)) return say(r, verdict::fault, "nobody was told");
    return say(r, verdict::absorbed, "");
  }
  std::string text = describe(e);
  if (thrown_as<lost>(e)) return say(r, verdict::fault, "lost: " + text);
  if (says_otherwise(b, f, text)) return say(r, verdict::reported, text);
  if (among(errors.absorbed, f.error)) return say(r, verdict::fault, "reported: " + text);
  if (!tells(e, f)) return say(r, verdict::fault, "does not say so: " + text);
  say(r, verdict::reported, text);
}

[[noreturn]] void be_child(const body& b, const char* backend, const fault& f, pid_t parent) {
  report& r = shared();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  ::setpgid(0, 0);
  if (*backend)
    ::setenv("KETTLE_BACKEND", backend, 1);
  else
    ::unsetenv("KETTLE_BACKEND");
  // What is told to the hook is not lost.
  set_dropped_error_hook([](const std::exception_ptr&, const char*) noexcept {});
  arm(f);
  std::exception_ptr e = outcome_of(b);
  r.met = disarm();
  for (std::size_t i = 0; i < call_count; i++) r.calls[i] = counted(i);
  judge(r, b, e, f);
  if (r.what != verdict::fault) {
    bool lasts = f.call != no_call && among(call_table[f.call].lasting, f.error);
    if (std::exception_ptr again = outcome_of(b); again && !lasts)
      say(r, verdict::fault, "afterwards: " + describe(again));
    tell_descriptors(r, descriptors());
  }
  r.ended = true;
  ::_exit(0);
}

// Those of a run in which nothing failed, by body and back end.
std::map<std::string, int>& usual_descriptors(const body& b, const char* backend) {
  static std::map<std::string, std::map<std::string, int>> all;
  return all[std::string(b.name) + " " + backend];
}

void compare_descriptors(tried& t, report& r, const body& b, const char* backend, bool clean) {
  auto& usual = usual_descriptors(b, backend);
  for (int i = 0; i < r.kinds; i++) {
    auto& [name, count] = r.descriptors[i];
    if (clean) {
      usual[name] = count;
    } else if (count > usual[name]) {
      t.what = verdict::fault;
      t.text = "left open: " + std::to_string(count - usual[name]) + " of " + name;
    }
  }
}

std::string last_words(int file) {
  char text[4096];
  ssize_t n = ::pread(file, text, sizeof text, 0);
  return n > 0 ? std::string(text, std::size_t(n)) : "";
}

// 0, or why it did not end by itself.
std::string wait_for_end(pid_t child) {
  int process = int(::syscall(SYS_pidfd_open, child, 0));
  pollfd one{process, POLLIN, 0};
  std::string why;
  if (::poll(&one, 1, limit_ms()) == 0) {
    why = "hangs";
    ::kill(-child, SIGKILL);
  }
  ::close(process);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::kill(-child, SIGKILL);  // what it has left
  if (why.empty() && WIFSIGNALED(status))
    why = std::string("ended by ") + ::strsignal(WTERMSIG(status));
  return why;
}

}  // namespace

std::string folder_of(pid_t child) {
  return std::filesystem::temp_directory_path() / ("kettle_calls_" + std::to_string(child));
}

tried try_point(const body& b, const char* backend, const fault& f) {
  report& r = *new (&shared()) report{};
  int words = ::memfd_create("stderr", MFD_CLOEXEC);
  std::fflush(nullptr);
  pid_t parent = ::getpid(), child = ::fork();
  if (child == 0) {
    ::dup2(words, STDERR_FILENO);
    be_child(b, backend, f, parent);
  }
  std::string why = wait_for_end(child);
  std::error_code stays;
  std::filesystem::remove_all(folder_of(child), stays);
  tried t;
  std::copy(std::begin(r.calls), std::end(r.calls), t.calls);
  if (why.empty() && !r.ended) why = "left the process";
  bool clean = f.call == no_call;
  if (!why.empty()) {
    t.text = why;
  } else if (!clean && !r.met && r.what != verdict::fault) {
    t.what = verdict::not_met;
  } else {
    t.what = r.what;
    t.text = r.text;
    if (t.what != verdict::fault) compare_descriptors(t, r, b, backend, clean);
  }
  if (t.what == verdict::fault) {
    if (!clean)
      t.text = std::string(b.name) + ", " + backend + ": " + std::string(call_table[f.call].name) +
               " " + std::to_string(f.at) + " gives " + name_of_error(f) + ": " + t.text;
    t.text += "\n" + last_words(words);
  }
  ::close(words);
  return t;
}

}  // namespace kettle::tests
