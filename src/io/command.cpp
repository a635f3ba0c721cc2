#include <kettle/base/error.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/io/command.hpp>
#include <kettle/io/pipe.hpp>

#include "base/c_string.hpp"
#include "core/home.hpp"
#include "io/lanes.hpp"
#include "io/stream_state.hpp"
#include "sys/file.hpp"
#include "sys/pidfd.hpp"
#include "sys/process_group.hpp"
#include "sys/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <unistd.h>

namespace kettle::inline KETTLE_ABI {

namespace {

using namespace std::chrono_literals;

// Looks at a group that is ending: soon, then more and more seldom.
constexpr duration first_group_check = 1ms, last_group_check = 100ms;
// Whoever reaps our children may just be doing it.
constexpr int status_tries = 10;

// A running program. Whoever has one ends it before letting go.
struct running {
  sys::spawned child;
  exit_status status;
  bool reaped = false, lost = false;
  stream to_in, from_out, from_err;

  void reap() {
    sys::exit_state how;
    int r = sys::pidfd_reap(child.pidfd.get(), how);
    reaped = r != 0;
    lost = r < 0;
    status = {how.code, how.signal};
  }
};

class environment {
 public:
  explicit environment(const std::vector<std::pair<std::string, std::string>>& more) {
    for (auto& [name, value] : more) own_.emplace_back(name).append("=").append(value);
    for (char** e = ::environ; e && *e; e++)
      if (!overridden(*e, more)) all_.push_back(*e);
    for (std::string& s : own_) all_.push_back(s.data());
    all_.push_back(nullptr);
  }
  char* const* get() const noexcept { return all_.data(); }

 private:
  static bool overridden(const char* entry,
                         const std::vector<std::pair<std::string, std::string>>& more) {
    for (auto& [name, value] : more)
      if (std::strncmp(entry, name.c_str(), name.size()) == 0 && entry[name.size()] == '=')
        return true;
    return false;
  }
  std::vector<std::string> own_;
  std::vector<char*> all_;
};

[[noreturn]] void throw_lost(const std::string& program) {
  throw_io_error(ECHILD, "wait for",
                 program +
                     " (it has ended, and who reaped it has its status: SIGCHLD is ignored, "
                     "or this program reaps children that are not its own)");
}

void check(int r, const char* operation, const std::string& object) {
  if (r < 0) throw_io_error(-r, operation, object);
}

// Our end as a stream; the other end is the child's.
stream ours(sys::unique_fd& fd, const char* name) {
  sys::make_non_blocking(fd.get());
  return detail::make_plain_stream(fd.release(), name);
}

void begin(running& r, const detail::command_settings& s, bool capture) {
  if (home::here().io().kind() == backend_kind::sim)
    throw usage_error("command: programs run in real time, not in run()'s virtual time");
  std::vector<std::string> args = s.argv;
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (std::string& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  environment env(s.environment);
  sys::spawn_plan plan;
  plan.argv = argv.data();
  plan.environment = env.get();
  plan.directory = s.directory.empty() ? nullptr : s.directory.c_str();

  sys::pipe_ends in, out, err;
  sys::unique_fd nothing;
  if (s.input.empty()) {
    nothing = sys::open_file("/dev/null", O_RDONLY);
    check(-nothing.error(), "open", "/dev/null");
    plan.files[0] = nothing.get();
  } else {
    check(sys::make_pipe(in), "pipe", "");
    plan.files[0] = in.read.get();
  }
  if (capture) {
    check(sys::make_pipe(out), "pipe", "");
    check(sys::make_pipe(err), "pipe", "");
    plan.files[1] = out.write.get();
    plan.files[2] = err.write.get();
  }
  if (int error = sys::spawn(plan, r.child); error < 0) {
    if (error == -ECHILD) throw_lost(s.argv[0]);
    bool bad_directory = plan.directory && !sys::open_file(plan.directory, O_PATH | O_DIRECTORY);
    throw_io_error(-error, "start", bad_directory ? s.argv[0] + " in " + s.directory : s.argv[0]);
  }
  if (in.write) r.to_in = ours(in.write, "a program's input");
  if (out.read) r.from_out = ours(out.read, "a program's output");
  if (err.read) r.from_err = ours(err.read, "a program's errors");
}

task<> exited(running& r) {
  for (int tries = 0; !r.reaped || (r.lost && tries < status_tries); tries++) {
    if (r.lost)
      co_await sleep_for(1ms);
    else
      co_await readable(r.child.pidfd.get());
    r.reap();
  }
}

task<> group_gone(running& r) {
  co_await exited(r);
  if (sys::signal_group(r.child.pid, 0) == -ESRCH) co_return;  // as almost always
  duration pause = first_group_check;
  while (!co_await on_file_lane(sys::group_has_ended, r.child.pid)) {
    co_await sleep_for(pause);
    pause = std::min(2 * pause, last_group_check);
  }
}

// SIGTERM, and SIGKILL for whoever of the group is left after the grace. Shielded by its caller.
// The group's number stays taken as long as the group has members, so the signals reach nobody
// else.
task<> end_group(running& r, duration grace) {
  pid_t group = r.child.pid;
  sys::signal_group(group, SIGTERM);
  sys::signal_group(group, SIGCONT);  // a stopped one could not even end
  if (!co_await move_on_after(grace, group_gone(r))) sys::signal_group(group, SIGKILL);
  co_await exited(r);
}

task<> feed(stream& in, const std::string& text) {
  try {
    co_await in.write(text);
  } catch (const write_error& e) {
    if (e.code() != std::errc::broken_pipe) throw;  // it did not want all of it
  }
  in.close();
}

task<> collect(stream& from, std::string& into, std::size_t limit) {
  into = co_await from.read_all(limit);
}

task<captured> run_command(detail::command_settings s, bool capture) {
  check_cancelled();  // before it has begun
  running r;
  begin(r, s, capture);
  captured c;
  nursery n;
  n.begin([&] {
    if (r.to_in.is_open()) n.start(feed, std::ref(r.to_in), std::cref(s.input));
    if (capture) {
      n.start(collect, std::ref(r.from_out), std::ref(c.out), s.capture_limit);
      n.start(collect, std::ref(r.from_err), std::ref(c.err), s.capture_limit);
    }
    n.start(exited, std::ref(r));
  });
  co_await n.join();
  nursery::result end = n.leave();
  if (end.cancelled || !end.errors.empty())
    co_await shielded(duration::max(), end_group(r, s.grace));
  if (!end.errors.empty()) std::rethrow_exception(end.errors.front());
  if (end.cancelled) throw cancelled{cancel_reason(*tls.current)};
  if (r.lost) throw_lost(s.argv[0]);
  c.status = r.status;
  co_return c;
}

}  // namespace

std::string exit_status::text() const {
  if (!signal) return "exit status " + std::to_string(code);
  return "killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

command::command(std::vector<std::string> argv) {
  if (argv.empty()) throw usage_error("command: give it the program's name at least");
  settings_.argv = std::move(argv);
  check_argv();
}

void command::check_argv() const {
  for (const std::string& a : settings_.argv) c_string(a, "command: an argument");
}

command& command::env(std::string name, std::string value) {
  c_string(name, "command: the name of a variable");
  c_string(value, "command: the value of a variable");
  if (name.empty() || name.find('=') != name.npos)
    throw usage_error("command: a variable's name is not empty and has no '=': \"" + name + "\"");
  settings_.environment.emplace_back(std::move(name), std::move(value));
  return *this;
}
command& command::directory(std::string path) {
  c_string(path, "command: the directory");
  settings_.directory = std::move(path);
  return *this;
}
command& command::input(std::string text) {
  settings_.input = std::move(text);
  return *this;
}
command& command::grace(any_duration between_term_and_kill) {
  settings_.grace = between_term_and_kill;
  return *this;
}
command& command::capture_limit(std::size_t bytes) {
  settings_.capture_limit = bytes;
  return *this;
}

task<exit_status> command::run() const {
  // Named in a frame of its own: this command may be gone when the task begins.
  auto only_status = [](detail::command_settings s) -> task<exit_status> {
    captured c = co_await run_command(std::move(s), false);
    co_return c.status;
  };
  return only_status(settings_);
}

task<captured> command::capture() const { return run_command(settings_, true); }

}  // namespace kettle::inline KETTLE_ABI
