#include "loop/choose.hpp"

#include "loop/backend_uring.hpp"
#include "loop/sim_world.hpp"
#include "sys/seccomp.hpp"

#include <kettle/base/error.hpp>

#include <gtest/gtest.h>

#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

// What `body` wrote to the descriptor it got, run in a child that may confine itself for good.
template <class Body> std::string told_by_child(Body body) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  pid_t pid = ::fork();
  if (pid == 0) {
    std::string text = body();
    [[maybe_unused]] ssize_t n = ::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, std::size_t(n));
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return text;
}

std::string choice_or_error(backend_kind wanted = backend_kind::automatic) {
  try {
    backend_choice c = choose_backend(wanted);
    return std::string(name_of(c.kind)) + ": " + c.why;
  } catch (const usage_error& e) {
    return std::string("usage_error: ") + e.what();
  }
}

bool starts_with(const std::string& text, const char* with) { return text.starts_with(with); }

TEST(choose, falls_back_to_epoll_under_a_filter_that_denies_io_uring_and_says_why) {
  std::string text = told_by_child([] {
    ::unsetenv("KETTLE_BACKEND");
    sys::deny_io_uring(EPERM);
    auto made = make_backend(backend_kind::automatic, nullptr);
    return std::string(name_of(made->kind())) + " | " + choice_or_error();
  });
  EXPECT_TRUE(
      starts_with(text, "epoll | epoll: io_uring is denied: Operation not permitted (a sandbox"))
      << text;
  text = told_by_child([] {
    ::unsetenv("KETTLE_BACKEND");
    sys::deny_io_uring(ENOSYS);
    return choice_or_error();
  });
  EXPECT_TRUE(starts_with(text, "epoll: io_uring is denied: Function not implemented")) << text;
}

TEST(choose, a_child_confined_after_the_fork_asks_the_kernel_again) {
  uring_denied_here();
  std::string text = told_by_child([] {
    sys::deny_io_uring(EPERM);
    return std::to_string(uring_denied_here());
  });
  EXPECT_EQ(text, std::to_string(EPERM));
}

TEST(choose, a_forced_io_uring_that_is_denied_is_an_error) {
  std::string text = told_by_child([] {
    ::setenv("KETTLE_BACKEND", "io_uring", 1);
    sys::deny_io_uring(EPERM);
    return choice_or_error();
  });
  EXPECT_TRUE(starts_with(
      text,
      "usage_error: io_uring was asked for by KETTLE_BACKEND=io_uring, but it is denied: "
      "Operation not permitted"))
      << text;
  text = told_by_child([] {
    sys::deny_io_uring(EPERM);
    return choice_or_error(backend_kind::io_uring);
  });
  EXPECT_TRUE(starts_with(text, "usage_error: io_uring was asked for by the program")) << text;
}

TEST(choose, the_environment_forces_epoll) {
  std::string text = told_by_child([] {
    ::setenv("KETTLE_BACKEND", "epoll", 1);
    return choice_or_error();
  });
  EXPECT_EQ(text, "epoll: asked for by KETTLE_BACKEND=epoll");
}

TEST(choose, an_unknown_name_is_an_error_that_lists_the_known_ones) {
  std::string text = told_by_child([] {
    ::setenv("KETTLE_BACKEND", "kqueue", 1);
    return choice_or_error();
  });
  EXPECT_EQ(
      text,
      "usage_error: KETTLE_BACKEND: there is no back end \"kqueue\": write io_uring or epoll");
  EXPECT_THROW(parse_backend("sim"), usage_error);
  EXPECT_EQ(parse_backend(nullptr), backend_kind::automatic);
  EXPECT_EQ(parse_backend(""), backend_kind::automatic);
}

TEST(choose, io_uring_is_taken_when_the_kernel_offers_it) {
  if (int denied = uring_denied())
    GTEST_SKIP() << "io_uring is denied here: " << explain_denial(denied);
  std::string text = told_by_child([] {
    ::unsetenv("KETTLE_BACKEND");
    return choice_or_error();
  });
  EXPECT_EQ(text, "io_uring: the kernel offers it");
}

TEST(choose, a_virtual_world_gets_its_own_back_end) {
  sim_world world;
  EXPECT_EQ(make_backend(backend_kind::automatic, &world)->kind(), backend_kind::sim);
}

}  // namespace
}  // namespace kettle
