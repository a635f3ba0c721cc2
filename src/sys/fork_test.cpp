#include "sys/fork.hpp"

#include "sys/outsiders.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

int calls = 0;

int status_of_child(bool (*holds)()) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(holds() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

TEST(fork, a_mark_tells_a_process_from_its_forked_child) {
  static sys::fork_mark mark;
  EXPECT_TRUE(mark.is_ours());
  EXPECT_EQ(status_of_child([] { return !mark.is_ours(); }), 0);
  EXPECT_EQ(status_of_child([] { return sys::fork_mark().is_ours(); }), 0);
  EXPECT_EQ(status_of_child([] { return mark.renew() && mark.is_ours(); }), 0);
  EXPECT_TRUE(mark.is_ours());
}

TEST(fork, handlers_run_in_the_child_only) {
  static const bool once = (sys::in_forked_child([] { calls++; }), true);
  EXPECT_TRUE(once);
  EXPECT_EQ(status_of_child([] { return calls == 1; }), 0);
  EXPECT_EQ(calls, 0);
}

TEST(fork, the_child_has_no_thread_at_rest) {
  EXPECT_TRUE(sys::fork_mark().is_ours());  // forks are watched from now on
  sys::threads_at_rest.fetch_add(3, relaxed);
  EXPECT_EQ(status_of_child([] { return sys::threads_at_rest.load(relaxed) == 0; }), 0);
  sys::threads_at_rest.fetch_sub(3, relaxed);
}

}  // namespace
}  // namespace kettle
