#include "guard.hpp"

#include "child.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <csignal>
#include <string>

using namespace kettle::app;

namespace {

// guard() in a process of its own, its standard output a pipe to the test.
struct guarded {
  explicit guarded(const std::string& script) {
    std::array<int, 2> out{-1, -1};
    if (::pipe(out.data()) != 0) return;
    pid = ::fork();
    if (pid == 0) {
      ::dup2(out[1], 1);
      ::close(out[0]), ::close(out[1]);
      ::_exit(guard({"/bin/sh", "-c", script}));
    }
    ::close(out[1]);
    output = out[0];
  }
  std::string line() const {
    std::string text;
    for (char c; ::read(output, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  int status() const {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }

  pid_t pid = -1;
  int output = -1;
};

}  // namespace

TEST(guard, ends_as_its_program_ends) {
  guarded well("echo ready; exit 3");
  EXPECT_EQ(well.line(), "ready");
  EXPECT_EQ(describe_status(well.status()), "exit 3");
  EXPECT_EQ(describe_status(guarded("kill -9 $$").status()), "signal 9 (Killed)");
}

TEST(guard, passes_on_that_it_shall_end) {
  guarded asked("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done");
  EXPECT_EQ(asked.line(), "ready");
  ::kill(asked.pid, SIGTERM);
  EXPECT_EQ(describe_status(asked.status()), "exit 5");
}

TEST(guard, kills_all_below_it_when_nobody_reads_any_more) {
  // The sleeper leads a group of its own, as programs of --exec do, and its parent has gone.
  guarded left("setsid sleep 600 > /dev/null 2>&1 & echo $!; exec sleep 600");
  pid_t sleeper = std::atoi(left.line().c_str());
  ASSERT_GT(sleeper, 0);
  EXPECT_EQ(::kill(sleeper, 0), 0);
  ::close(left.output);
  left.status();  // it ends when nothing is left
  EXPECT_EQ(::kill(sleeper, 0), -1);
}
