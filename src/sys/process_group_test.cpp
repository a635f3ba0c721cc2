#include "sys/process_group.hpp"

#include "sys/file.hpp"
#include "sys/process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

// A child that leads a group and ends when the test lets it.
struct leader {
  pid_t pid;
  template <class F> explicit leader(F body) {
    pid = ::fork();
    if (pid == 0) {
      ::setpgid(0, 0);
      body();
      ::_exit(0);
    }
    ::setpgid(pid, pid);
  }
  void wait_until_ended() const {  // and leave it a zombie
    siginfo_t info;
    EXPECT_EQ(::waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT), 0);
  }
  ~leader() {
    sys::signal_group(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
};

void for_ever() { ::pause(); }

TEST(process_group, runs_as_long_as_one_of_it_runs) {
  leader l(for_ever);
  EXPECT_FALSE(sys::group_has_ended(l.pid));
  EXPECT_EQ(sys::signal_group(l.pid, SIGKILL), 0);
  l.wait_until_ended();
  EXPECT_EQ(sys::signal_group(l.pid, 0), 0) << "the kernel counts it still";
  EXPECT_TRUE(sys::group_has_ended(l.pid));
  EXPECT_EQ(::waitpid(l.pid, nullptr, 0), l.pid);
  EXPECT_EQ(sys::signal_group(l.pid, 0), -ESRCH);
  EXPECT_TRUE(sys::group_has_ended(l.pid));
}

TEST(process_group, runs_while_another_than_its_leader_runs) {
  sys::pipe_ends begun;
  ASSERT_EQ(sys::make_pipe(begun), 0);
  leader l([&] {
    if (::fork() == 0) {
      [[maybe_unused]] ssize_t n = ::write(begun.write.get(), "x", 1);
      for_ever();
    }
  });
  char x;
  EXPECT_EQ(sys::read_next(begun.read.get(), &x, 1), 1);
  l.wait_until_ended();
  EXPECT_FALSE(sys::group_has_ended(l.pid));
}

TEST(process_group, runs_while_a_thread_runs_whose_process_s_first_one_has_ended) {
  sys::pipe_ends begun;
  ASSERT_EQ(sys::make_pipe(begun), 0);
  leader l([&] {
    std::thread([&] {
      [[maybe_unused]] ssize_t n = ::write(begun.write.get(), "x", 1);
      for_ever();
    }).detach();
    ::syscall(SYS_exit, 0);  // of this thread alone
  });
  char x;
  EXPECT_EQ(sys::read_next(begun.read.get(), &x, 1), 1);
  std::string stat = "/proc/" + std::to_string(l.pid) + "/stat";
  while (sys::read_small_file(stat.c_str()).find(") Z ") == std::string::npos) ::sched_yield();
  EXPECT_FALSE(sys::group_has_ended(l.pid));
}

TEST(process_group, a_name_with_brackets_hides_nothing) {
  leader l([] {
    sys::name_process(") Z 1 1");
    for_ever();
  });
  EXPECT_FALSE(sys::group_has_ended(l.pid));
}

}  // namespace
}  // namespace kettle
