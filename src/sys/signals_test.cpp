#include "sys/signals.hpp"

#include "sys/fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>

namespace kettle {
namespace {

volatile std::sig_atomic_t seen = 0;

TEST(signals, a_handler_holds_for_its_scope_and_the_former_one_comes_back) {
  struct sigaction before{}, after{};
  ::sigaction(SIGUSR1, nullptr, &before);
  {
    sys::signal_handler h(SIGUSR1, [](int s) { seen = s; });
    EXPECT_TRUE(h.installed());
    EXPECT_FALSE(h.was_ignored());
    ::raise(SIGUSR1);
    EXPECT_EQ(seen, SIGUSR1);
  }
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(signals, a_signal_that_cannot_be_caught_is_said_to_be_so) {
  EXPECT_FALSE(sys::signal_handler(SIGKILL, [](int) {}).installed());
}

TEST(signals, a_block_ends_with_its_scope) {
  sys::signal_handler h(SIGUSR2, [](int s) { seen = s; });
  seen = 0;
  {
    sys::signal_block quiet({SIGUSR2});
    ::raise(SIGUSR2);
    EXPECT_EQ(seen, 0);
  }
  EXPECT_EQ(seen, SIGUSR2);
}

TEST(signals, writing_to_a_broken_pipe_raises_nothing) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  sys::unique_fd out(ends[1]);
  sys::signal_handler h(SIGPIPE, [](int s) { seen = s; });
  seen = 0;
  {
    sys::no_sigpipe here;
    EXPECT_EQ(::write(out.get(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  }
  EXPECT_EQ(seen, 0);
}

TEST(signals, die_by_is_seen_by_the_parent) {
  pid_t pid = ::fork();
  if (pid == 0) sys::die_by(SIGTERM);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

sys::later_signal* awaited = nullptr;
atomic<int> came_from_it{0}, came_otherwise{0};

TEST(signals, a_later_signal_is_told_from_others) {
  sys::signal_handler handler(SIGUSR1, [](int, siginfo_t* about, void*) {
    (awaited->sent(*about) ? came_from_it : came_otherwise).fetch_add(1, relaxed);
  });
  sys::later_signal later;
  awaited = &later;
  later.set(1);  // harmless before it is open
  ASSERT_TRUE(later.open(SIGUSR1));
  ::raise(SIGUSR1);
  EXPECT_EQ(came_otherwise.load(relaxed), 1);
  later.set(1);
  while (came_from_it.load(relaxed) == 0) ::sched_yield();
  later.close();
  EXPECT_FALSE(later.is_open());
}

}  // namespace
}  // namespace kettle
