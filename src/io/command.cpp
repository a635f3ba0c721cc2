#include <kettle/base/error.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/io/command.hpp>
#include <kettle/io/pipe.hpp>

#include "core/home.hpp"
#include "io/stream_state.hpp"
#include "sys/file.hpp"
#include "sys/pidfd.hpp"
#include "sys/spawn.hpp"

#include <chrono>
#include <cstring>

#include <unistd.h>

namespace kettle::inline KETTLE_ABI {

namespace {

using namespace std::chrono_literals;

constexpr duration group_check_interval = 10ms;

// A running program. Whoever has one ends it before letting go.
struct running {
  sys::spawned child;
  exit_status status;
  bool reaped = false;
  stream to_in, from_out, from_err;

  void reap() {
    sys::exit_state how;
    int r = sys::pidfd_reap(child.pidfd.get(), how);
    reaped = r != 0;  // an error too: somebody else in this process has reaped it
    status = {how.code, how.signal};
    if (r < 0) status = {-1, 0};
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
    bool bad_directory = plan.directory && !sys::open_file(plan.directory, O_PATH | O_DIRECTORY);
    throw_io_error(-error, "start", bad_directory ? s.argv[0] + " in " + s.directory : s.argv[0]);
  }
  if (in.write) r.to_in = ours(in.write, "a program's input");
  if (out.read) r.from_out = ours(out.read, "a program's output");
  if (err.read) r.from_err = ours(err.read, "a program's errors");
}

task<> exited(running& r) {
  while (!r.reaped) {
    co_await readable(r.child.pidfd.get());
    r.reap();
  }
}

task<> group_gone(running& r) {
  co_await exited(r);
  while (!sys::group_is_empty(r.child.pid)) co_await sleep_for(group_check_interval);
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
}

command& command::env(std::string name, std::string value) {
  settings_.environment.emplace_back(std::move(name), std::move(value));
  return *this;
}
command& command::directory(std::string path) {
  settings_.directory = std::move(path);
  return *this;
}
command& command::input(std::string text) {
  settings_.input = std::move(text);
  return *this;
}
command& command::grace(duration between_term_and_kill) {
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
