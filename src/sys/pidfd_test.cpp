#include "sys/pidfd.hpp"

#include <gtest/gtest.h>

#include <poll.h>

namespace kettle {
namespace {

template <class Body> sys::unique_fd child_running(Body body) {
  pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(99);
  }
  return sys::pidfd_open(pid);
}

void wait_for_end(const sys::unique_fd& child) {
  pollfd p{child.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 10'000), 1);
}

TEST(pidfd, tells_the_exit_code) {
  sys::unique_fd child = child_running([] { ::_exit(7); });
  ASSERT_TRUE(child);
  wait_for_end(child);
  sys::exit_state how;
  EXPECT_EQ(sys::pidfd_reap(child.get(), how), 1);
  EXPECT_EQ(how.code, 7);
  EXPECT_EQ(how.signal, 0);
}

// Newer kernels know how it ended though somebody else has reaped it.
TEST(pidfd, tells_the_truth_or_nothing_of_a_child_that_somebody_else_reaped) {
  for (bool killed : {false, true}) {
    sys::unique_fd child = child_running([&] {
      if (killed) ::raise(SIGKILL);
      ::_exit(7);
    });
    wait_for_end(child);
    EXPECT_TRUE(sys::is_our_child(child.get()));
    EXPECT_GT(::waitpid(-1, nullptr, 0), 0);
    EXPECT_FALSE(sys::is_our_child(child.get()));
    sys::exit_state how;
    int r = sys::pidfd_reap(child.get(), how);
    if (r == 1)
      EXPECT_TRUE(killed ? how.signal == SIGKILL : how.code == 7);
    else
      EXPECT_EQ(r, -ECHILD);
  }
}

TEST(pidfd, tells_a_running_child_from_a_killed_one) {
  sys::unique_fd child = child_running([] {
    for (;;) ::pause();
  });
  ASSERT_TRUE(child);
  sys::exit_state how;
  EXPECT_EQ(sys::pidfd_reap(child.get(), how), 0);
  EXPECT_EQ(sys::pidfd_signal(child.get(), SIGKILL), 0);
  wait_for_end(child);
  EXPECT_EQ(sys::pidfd_reap(child.get(), how), 1);
  EXPECT_EQ(how.signal, SIGKILL);
  EXPECT_EQ(sys::pidfd_signal(child.get(), SIGKILL), -ESRCH);
}

TEST(pidfd, of_nobody_is_an_error) { EXPECT_EQ(sys::pidfd_open(0x7ffffff0).error(), ESRCH); }

}  // namespace
}  // namespace kettle
