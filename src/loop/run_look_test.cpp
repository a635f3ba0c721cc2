#include "loop/run_look.hpp"

#include "base/sanitized.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

#define SKIP_UNDER_TSAN()                                                       \
  if (KETTLE_TSAN)                                                              \
  GTEST_SKIP() << "TSan runs no handler while a thread sleeps in a bare futex " \
                  "call"

// A program in a child process; what it says on stderr is read here.
class program {
 public:
  explicit program(const std::function<void()>& f) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid = ::fork();
    if (pid == 0) {
      ::dup2(ends[1], 2);
      ::close(ends[0]);
      rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::alarm(20);
      try {
        f();
      } catch (...) {
        ::_exit(99);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  ~program() { ::close(from_); }
  bool says(const char* words) {
    char more[512];
    while (said.find(words) == std::string::npos) {
      ssize_t n = ::read(from_, more, sizeof more);
      if (n <= 0) return false;
      said.append(more, std::size_t(n));
    }
    return true;
  }
  int ends() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }
  pid_t pid;
  std::string said;

 private:
  int from_;
};

void ready() { ::dprintf(2, "ready\n"); }

TEST(run_look, sigquit_prints_the_tasks_of_all_threads_and_the_program_goes_on) {
  SKIP_UNDER_TSAN();
  program p([] {
    run([](nursery& n) -> task<> {
      n.start(as_service, name("waiter there"), on_thread, [] { sleep_forever().get(); });
      auto wait = []() -> task<> {
        ready();
        co_await ctrl_c();
      };
      n.start(name("waiter here"), wait);
      co_return;
    });
    ::dprintf(2, "went on\n");
  });
  EXPECT_TRUE(p.says("ready\n"));
  ::kill(p.pid, SIGQUIT);
  EXPECT_TRUE(p.says("waiter here (coroutine) waits for ctrl_c at run_look_test.cpp:")) << p.said;
  EXPECT_TRUE(p.says("waiter there (thread) ")) << p.said;
  ::kill(p.pid, SIGINT);
  EXPECT_TRUE(p.says("went on\n")) << p.said;
  EXPECT_EQ(p.ends(), 0);
}

TEST(run_look, a_thread_that_does_not_look_is_named_though_it_is_the_only_one) {
  SKIP_UNDER_TSAN();
  program p([] {
    run([](nursery& n) {
      n.start(name("stuck"), []() -> task<> {
        ready();
        for (;;) ::pause();  // it blocks its loop
        co_return;
      });
    });
  });
  EXPECT_TRUE(p.says("ready\n"));
  ::kill(p.pid, SIGQUIT);
  EXPECT_TRUE(p.says(": no answer for 100 ms; it is in task stuck\n")) << p.said;
  ::kill(p.pid, SIGKILL);
  p.ends();
}

TEST(run_look, a_second_sigquit_ends_the_process_as_it_always_does) {
  SKIP_UNDER_TSAN();
  program p([] {
    run([]() -> task<> {
      ready();
      co_await ctrl_c();
    });
  });
  EXPECT_TRUE(p.says("ready\n"));
  ::kill(p.pid, SIGQUIT);
  EXPECT_TRUE(p.says("waits for ctrl_c")) << p.said;
  int status = 0;  // those that come within 20 ms are the first one, sent twice
  for (; ::waitpid(p.pid, &status, WNOHANG) == 0; ::usleep(1000)) ::kill(p.pid, SIGQUIT);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGQUIT);
}

TEST(run_look, the_programs_own_handler_stays_and_the_default_comes_back) {
  program p([] {
    ::signal(SIGQUIT, [](int) { ::_exit(7); });
    run([] { ::raise(SIGQUIT); });
  });
  EXPECT_EQ(WEXITSTATUS(p.ends()), 7);

  program q([] {
    run([] {});
    ::raise(SIGQUIT);
  });
  EXPECT_EQ(WTERMSIG(q.ends()), SIGQUIT);
}

TEST(run_look, a_request_to_end_that_nobody_looks_at_is_reported) {
  SKIP_UNDER_TSAN();
  program p([] {
    run({.grace = 1ms}, [](nursery& n) {
      n.start(name("stuck"), []() -> task<> {
        ready();
        for (;;) ::pause();
        co_return;
      });
    });
  });
  EXPECT_TRUE(p.says("ready\n"));
  ::kill(p.pid, SIGTERM);
  EXPECT_TRUE(p.says("its thread has not looked at that yet; a second SIGINT or SIGTERM ends"))
      << p.said;
  EXPECT_TRUE(p.says("it is in task stuck\n")) << p.said;
  ::kill(p.pid, SIGTERM);
  EXPECT_EQ(WEXITSTATUS(p.ends()), 128 + SIGTERM);
}

}  // namespace
}  // namespace kettle
