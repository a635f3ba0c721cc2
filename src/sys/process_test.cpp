#include "sys/process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

// Runs f in a fork of this process; its exit status.
template <class F> int status_of(F f) {
  pid_t child = sys::fork_process();
  if (child == 0) sys::leave(f());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Waits until child is reaped, and nothing else.
sys::ended_child reap(pid_t child) {
  sys::ended_child e;
  while (!sys::reap_child(e)) {
    sys::unique_fd process = sys::pidfd_open(child);
    pollfd one{process.get(), POLLIN, 0};
    sys::wait_any(&one, 1, never);
  }
  return e;
}

TEST(sys_process, a_child_that_has_ended_is_reaped_with_its_cost) {
  pid_t child = sys::fork_process();
  if (child == 0) {
    auto end = sys::monotonic_now() + 5ms;
    while (sys::monotonic_now() < end) {}
    sys::leave(7);
  }
  sys::ended_child e = reap(child);
  EXPECT_EQ(e.pid, child);
  EXPECT_EQ(e.how.signal, 0);
  EXPECT_EQ(e.how.code, 7);
  EXPECT_GT(e.peak_rss_bytes, std::size_t(100'000));
  EXPECT_GT(e.cpu_ns, 0);
  EXPECT_FALSE(sys::reap_child(e));
}

TEST(sys_process, a_killed_child_tells_the_signal) {
  pid_t child = sys::fork_process();
  if (child == 0) sys::wait_for_end();
  EXPECT_EQ(sys::kill_process(child, SIGKILL), 0);
  sys::ended_child e = reap(child);
  EXPECT_EQ(e.how.signal, SIGKILL);
  EXPECT_EQ(sys::kill_process(child, 0), -ESRCH);
}

TEST(sys_process, a_child_dies_with_its_parent) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  pid_t parent = sys::fork_process();
  if (parent == 0) {
    pid_t self = sys::process_id(), child = sys::fork_process();
    if (child == 0) {
      if (sys::die_with_parent(self) && ::write(ends[1], "x", 1) == 1) sys::wait_for_end();
      sys::leave(0);
    }
    sys::wait_for_end();
  }
  ::close(ends[1]);
  char c;
  EXPECT_EQ(::read(ends[0], &c, 1), 1);
  sys::kill_process(parent, SIGKILL);
  EXPECT_EQ(::read(ends[0], &c, 1), 0);  // its end of the pipe is gone too
  ::close(ends[0]);
  reap(parent);
}

TEST(sys_process, a_parent_that_is_gone_already_is_told) {
  EXPECT_EQ(status_of([] { return sys::die_with_parent(sys::parent_id()) ? 0 : 1; }), 0);
  EXPECT_EQ(status_of([] { return sys::die_with_parent(1) ? 1 : 0; }), 0);
}

TEST(sys_process, signals_are_as_in_a_fresh_program_but_sigint) {
  EXPECT_EQ(status_of([] {
              ::signal(SIGTERM, SIG_IGN);
              sigset_t blocked;
              sigfillset(&blocked);
              ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
              sys::reset_signals();
              ::raise(SIGINT);
              ::raise(SIGTERM);
              return 0;
            }),
            -SIGTERM);
}

TEST(sys_process, descriptors_are_copied_placed_and_closed) {
  int high = sys::copy_above(1, 100);
  EXPECT_GE(high, 100);
  EXPECT_TRUE(::fcntl(high, F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(status_of([&] {
              int at = sys::place_at(high, 90);
              bool placed = at == 90 && !(::fcntl(90, F_GETFD) & FD_CLOEXEC);
              sys::close_from(50);
              return placed && ::fcntl(90, F_GETFD) < 0 && ::fcntl(2, F_GETFD) >= 0 ? 0 : 1;
            }),
            0);
  ::close(high);
}

TEST(sys_process, standard_files_are_open_and_input_is_empty) {
  EXPECT_EQ(status_of([] {
              for (int fd : {0, 1, 2}) ::close(fd);
              sys::settle_standard_files();
              char c;
              for (int fd : {0, 1, 2})
                if (::fcntl(fd, F_GETFD) < 0) return 1;
              return ::read(0, &c, 1) == 0 ? 0 : 2;
            }),
            0);
}

TEST(sys_process, proc_files_are_read_whole) {
  std::string maps = sys::read_small_file("/proc/self/smaps");
  EXPECT_EQ(maps.back(), '\n');
  EXPECT_GT(maps.size(), 8192u);  // more than one read
  EXPECT_EQ(sys::read_small_file("/proc/self/no such file"), "");
  EXPECT_TRUE(sys::is_executable(sys::read_link("/proc/self/exe").c_str()));
  EXPECT_EQ(sys::read_link("/proc"), "");
}

TEST(sys_process, an_address_is_mapped_or_not) {
  int here = 0;
  EXPECT_TRUE(sys::is_mapped(&here));
  void* page = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_TRUE(sys::is_mapped(page));
  ::munmap(page, 4096);
  EXPECT_FALSE(sys::is_mapped(page));
}

TEST(sys_process, waits_for_any_descriptor_or_until_a_time) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  pollfd two[] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
  EXPECT_EQ(sys::wait_any(two, 2, never), 1);
  EXPECT_EQ(two[0].revents, 0);
  EXPECT_TRUE(two[1].revents & POLLOUT);
  auto until = sys::monotonic_now() + 2ms;
  EXPECT_EQ(sys::wait_any(two, 1, until), 0);
  EXPECT_GE(sys::monotonic_now(), until);
  EXPECT_EQ(sys::wait_any(two, 1, always), 0);  // looks, and does not wait
  ::close(ends[0]), ::close(ends[1]);
}

}  // namespace
}  // namespace kettle
