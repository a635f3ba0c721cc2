#include "child.hpp"

#include "sys/pidfd.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <fstream>

using namespace kettle::app;

namespace {

std::string all_from(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t n; (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  return text;
}

// A zombie has ended, whenever its parent may come to look.
bool exists(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text);
  auto state = text.rfind(") ");
  return state != std::string::npos && text[state + 2] != 'Z';
}

}  // namespace

TEST(child, talks_through_its_standard_input_and_output) {
  auto c = child::start({"/bin/cat"});
  ASSERT_EQ(::write(c.input(), "hello", 5), 5);
  c.close_input();
  EXPECT_EQ(all_from(c.output()), "hello");
  EXPECT_EQ(describe_status(c.wait()), "exit 0");
}

TEST(child, says_how_it_ended) {
  EXPECT_EQ(describe_status(child::start({"/bin/sh", "-c", "exit 3"}).wait()), "exit 3");
  EXPECT_EQ(describe_status(child::start({"/bin/sh", "-c", "kill -9 $$"}).wait()),
            "signal 9 (Killed)");
  EXPECT_EQ(describe_status(child::start({"/none/at/all"}).wait()), "exit 127");
}

TEST(child, ends_with_its_owner_and_takes_its_group_along) {
  pid_t grandchild = 0;
  kettle::sys::unique_fd ended;
  {
    auto c = child::start({"/bin/sh", "-c", "sleep 600 & echo $!; wait"});
    std::array<char, 32> line{};
    ASSERT_GT(::read(c.output(), line.data(), line.size() - 1), 0);
    grandchild = std::atoi(line.data());
    ASSERT_TRUE(exists(grandchild));
    ended = kettle::sys::pidfd_open(grandchild);
  }
  pollfd killed_with_the_group{ended.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&killed_with_the_group, 1, 5000), 1);
  EXPECT_FALSE(exists(grandchild));
}

TEST(child, strays_that_left_the_group_are_found_and_ended) {
  // A process of its own, because adopting orphans is for the rest of its life.
  pid_t tester = ::fork();
  if (tester == 0) {
    adopt_orphans();
    pid_t stray = 0;
    {
      auto c = child::start({"/bin/sleep", "600"});
      auto d =
          child::start({"/bin/sh", "-c", "trap '' TERM; setsid sleep 600 >/dev/null & echo $!"});
      std::string text = all_from(d.output());
      stray = std::atoi(text.c_str());
      if (stray <= 0 || !exists(stray)) ::_exit(1);
      d.wait();
      end_strays(c.pid(), 20);
      if (exists(stray)) ::_exit(2);
      if (!exists(c.pid())) ::_exit(3);
    }
    end_strays(0, 20);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(tester, &status, 0);
  EXPECT_EQ(describe_status(status), "exit 0");
}

TEST(child, knows_the_path_of_the_running_program) {
  EXPECT_NE(own_path().find("apps_test"), std::string::npos);
}
