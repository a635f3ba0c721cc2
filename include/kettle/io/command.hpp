#pragma once
// An external program.
//
//   exit_status s = co_await command("make", "-j2").directory("/src").run();
//   captured c = co_await command("sort", "-u").input("b\na\n").capture();
//   if (!c.status.ok()) throw std::runtime_error(c.status.text() + ": " + c.err);
//
// argv[0] is looked up in PATH; there is no shell unless you write one. Standard input is empty
// unless input() gives a text; run() leaves output and errors where ours go, capture() collects
// both. The program gets no other descriptor, and leads a process group of its own. It ends when it
// has exited and, for capture(), both outputs are closed. A program that cannot be started is an
// io_error; one that fails is not: look at its status. A status that is lost is one too: before
// Linux 6.15, where SIGCHLD is ignored or the program reaps children that are not its own. A NUL
// byte in an argument, a variable or the directory is a usage_error. Cancellation: SIGTERM to the
// whole group, after the grace (5 s) SIGKILL; `cancelled` comes when it has been reaped. Threads:
// any. A command may be run several times.

#include <kettle/base/clock.hpp>
#include <kettle/coro/task.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI {

struct exit_status {
  int code = 0;    // when it exited by itself
  int signal = 0;  // that killed it, or 0
  bool ok() const noexcept { return code == 0 && signal == 0; }
  std::string text() const;  // "exit status 1", "killed by signal 9 (Killed)"
};

struct captured {
  exit_status status;
  std::string out, err;
};

namespace detail {
struct command_settings {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;  // beyond ours
  std::string directory, input;
  duration grace{5'000'000'000};
  std::size_t capture_limit = std::size_t(1) << 30;
};
}  // namespace detail

class command {
 public:
  template <class... S>
    requires(sizeof...(S) > 0 && (std::is_convertible_v<S, std::string> && ...))
  explicit command(S&&... argv) {
    (settings_.argv.emplace_back(std::forward<S>(argv)), ...);
    check_argv();
  }
  explicit command(std::vector<std::string> argv);  // usage_error when it is empty

  // usage_error when the name is empty or has a '=' in it.
  command& env(std::string name, std::string value);
  command& directory(std::string path);  // to run in
  command& input(std::string text);      // on its standard input, then the end of it
  command& grace(any_duration between_term_and_kill);
  command& capture_limit(
      std::size_t bytes);  // of either output: limit_overrun, and the program is ended

  task<exit_status> run() const;
  task<captured> capture() const;

 private:
  void check_argv() const;
  detail::command_settings settings_;
};

}  // namespace kettle::inline KETTLE_ABI
