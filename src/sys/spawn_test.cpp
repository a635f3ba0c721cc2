#include "sys/spawn.hpp"

#include "sys/pidfd.hpp"
#include "sys/process_group.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include <poll.h>
#include <unistd.h>

namespace kettle {
namespace {

sys::exit_state end_of(sys::spawned& child) {
  pollfd p{child.pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 10'000), 1);
  sys::exit_state how;
  EXPECT_EQ(sys::pidfd_reap(child.pidfd.get(), how), 1);
  return how;
}

int spawn(const char* program, const char* argument, sys::spawned& child,
          const char* directory = nullptr) {
  char* argv[] = {const_cast<char*>(program), const_cast<char*>("-c"), const_cast<char*>(argument),
                  nullptr};
  sys::spawn_plan plan;
  plan.argv = argv;
  plan.environment = ::environ;
  plan.directory = directory;
  return sys::spawn(plan, child);
}

TEST(spawn, starts_a_program_in_a_group_of_its_own) {
  sys::spawned child;
  ASSERT_EQ(spawn("sh", "exec sleep 10", child), 0);
  EXPECT_EQ(::getpgid(child.pid), child.pid);
  EXPECT_FALSE(sys::group_has_ended(child.pid));
  EXPECT_EQ(sys::signal_group(child.pid, SIGTERM), 0);
  EXPECT_EQ(end_of(child).signal, SIGTERM);
  EXPECT_TRUE(sys::group_has_ended(child.pid));
}

TEST(spawn, tells_what_was_wrong_and_leaves_no_child) {
  sys::spawned child;
  EXPECT_EQ(spawn("/no/such", "", child), -ENOENT);
  EXPECT_EQ(spawn("sh", "", child, "/no/such"), -ENOENT);
  EXPECT_EQ(spawn("/etc/passwd", "", child), -EACCES);
  EXPECT_FALSE(child.pidfd);
}

TEST(spawn, signals_begin_with_their_default_action) {
  ::signal(SIGPIPE, SIG_IGN);
  sys::spawned child;
  ASSERT_EQ(spawn("sh", "kill -PIPE $$; exit 1", child), 0);
  EXPECT_EQ(end_of(child).signal, SIGPIPE);
  ::signal(SIGPIPE, SIG_DFL);
}

}  // namespace
}  // namespace kettle
