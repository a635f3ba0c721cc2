#include "loop/run_signals.hpp"

#include "base/sanitized.hpp"
#include "sys/signals.hpp"

#include <kettle/core/sleep.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/loop/ctrl_c.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

struct ended {
  int status = -1;
  std::string said;  // what it wrote
  int code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
  int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

int words = -1;  // the child's way to speak
void say(const char* text) {
  ASSERT_GT(::write(words, text, std::char_traits<char>::length(text)), 0);
}

// Runs f in a child process and `then` here, once the child has said its first word.
ended in_child(const std::function<void()>& f, const std::function<void(pid_t)>& then) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    words = ends[1];
    ::alarm(20);
    try {
      f();
    } catch (...) {
      ::_exit(99);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  ended e;
  char buf[256];
  ssize_t n = ::read(ends[0], buf, sizeof buf);
  e.said.append(buf, n > 0 ? std::size_t(n) : 0);
  then(pid);
  while ((n = ::read(ends[0], buf, sizeof buf)) > 0) e.said.append(buf, std::size_t(n));
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(pid, &e.status, 0), pid);
  return e;
}

task<> sleep_and_tell() {
  say("ready ");
  try {
    co_await sleep_for(1h);
  } catch (const cancelled& c) {
    say(c.reason);
    say(" cleaned up");
    throw;
  }
}

TEST(run_signals, a_signal_cancels_the_root_and_then_ends_the_process) {
  for (int signal : {SIGINT, SIGTERM}) {
    ended e = in_child([] { run(sleep_and_tell); }, [&](pid_t pid) { ::kill(pid, signal); });
    EXPECT_EQ(e.signal(), signal);
    EXPECT_EQ(e.said,
              std::string("ready ") + (signal == SIGINT ? "SIGINT" : "SIGTERM") + " cleaned up");
  }
}

TEST(run_signals, a_second_signal_ends_a_slow_cleanup_at_once) {
  auto slow = []() -> task<> {
    say("ready");
    co_await finally(sleep_for(1h), sleep_for(15s), 15s);
  };
  ended e = in_child([&] { run(slow); },
                     [](pid_t pid) {
                       ::kill(pid, SIGTERM);
                       std::this_thread::sleep_for(100ms);
                       ::kill(pid, SIGINT);
                     });
  EXPECT_EQ(e.code(), 128 + SIGINT);
}

TEST(run_signals, the_same_request_sent_twice_at_once_is_one) {
  ended e = in_child(
      [] {
        run([]() -> task<> {
          say("ready ");
          co_await finally(sleep_for(1h), sleep_for(100ms));
        });
      },
      [](pid_t pid) {
        ::kill(pid, SIGTERM);
        ::kill(pid, SIGINT);
      });
  EXPECT_EQ(e.code(), -1);
  EXPECT_NE(e.signal(), 0);
}

TEST(run_signals, a_second_signal_ends_a_loop_that_does_not_listen) {
  ended e = in_child(
      [] {
        run([] {
          say("ready");
          for (;;) std::this_thread::sleep_for(1s);
        });
      },
      [](pid_t pid) {
        ::kill(pid, SIGINT);
        std::this_thread::sleep_for(100ms);
        ::kill(pid, SIGINT);
      });
  EXPECT_EQ(e.code(), 128 + SIGINT);
}

TEST(run_signals, who_waits_for_ctrl_c_gets_it_and_nothing_is_cancelled) {
  if (KETTLE_TSAN)
    GTEST_SKIP() << "TSan runs no handler while a thread sleeps in a bare futex call";
  auto wait = []() -> task<> {
    co_await ctrl_c();
    say(" got it");
  };
  auto both = [&](nursery& n) -> task<> {
    n.start(wait);
    n.start(wait);
    co_await yield();
    say("ready");
  };
  ended e = in_child([&] { run(both); }, [](pid_t pid) { ::kill(pid, SIGINT); });
  EXPECT_EQ(e.code(), 0);
  EXPECT_EQ(e.said, "ready got it got it");
}

TEST(run_signals, once_nobody_waits_any_more_the_root_is_cancelled) {
  auto f = []() -> task<> {
    bool got = co_await move_on_after(1ms, ctrl_c());
    say(got ? "?" : "ready ");
    co_await sleep_for(1h);
  };
  ended e = in_child([&] { run(f); }, [](pid_t pid) { ::kill(pid, SIGTERM); });
  EXPECT_EQ(e.signal(), SIGTERM);
}

TEST(run_signals, ctrl_c_in_a_run_on_another_thread_is_woken_too) {
  ended e = in_child(
      [] {
        std::thread other([] {
          std::this_thread::sleep_for(50ms);
          run([](nursery& n) -> task<> {
            n.start(ctrl_c);
            co_await yield();
            say("ready");
          });
          say(" other");
        });
        run([]() -> task<> { co_await sleep_for(300ms); });
        say(" first");
        other.join();
      },
      [](pid_t pid) { ::kill(pid, SIGINT); });
  EXPECT_EQ(e.code(), 0);
  EXPECT_EQ(e.said, "ready other first");
}

TEST(run_signals, the_next_run_inherits_them_when_the_first_ends) {
  ended e = in_child(
      [] {
        std::thread other([] {
          std::this_thread::sleep_for(20ms);
          run(sleep_and_tell);
        });
        run([]() -> task<> { co_await sleep_for(100ms); });
        other.join();
      },
      [](pid_t pid) {
        std::this_thread::sleep_for(300ms);
        ::kill(pid, SIGTERM);
      });
  EXPECT_EQ(e.signal(), SIGTERM);
  EXPECT_EQ(e.said, "ready SIGTERM cleaned up");
}

TEST(run_signals, waiting_for_ctrl_c_alone_is_no_deadlock) {
  auto f = []() -> task<> { co_await ctrl_c(); };
  std::thread other([] {
    std::this_thread::sleep_for(50ms);
    ::raise(SIGINT);  // here and not from outside: TSan holds a foreign signal back until the
                      // thread calls something
  });
  run(run_options{.time = time_kind::virtual_time}, f);
  other.join();
}

TEST(run_signals, signals_that_the_program_has_its_own_way_with_stay_with_it) {
  ended e = in_child(
      [] {
        ::signal(SIGINT, SIG_IGN);
        static bool seen = false;
        ::signal(SIGTERM, [](int) { seen = true; });
        run([]() -> task<> {
          say("ready");
          while (!seen) co_await sleep_for(5ms);
        });
      },
      [](pid_t pid) {
        ::kill(pid, SIGINT);
        std::this_thread::sleep_for(50ms);
        ::kill(pid, SIGTERM);
      });
  EXPECT_EQ(e.code(), 0);
}

TEST(run_signals, the_default_action_comes_back_with_the_end_of_the_run) {
  EXPECT_TRUE(sys::action_is_default(SIGINT));
  run([] { EXPECT_FALSE(sys::action_is_default(SIGINT)); });
  EXPECT_TRUE(sys::action_is_default(SIGINT));
}

TEST(ctrl_c, is_refused_where_nobody_owns_the_signals) {
  EXPECT_THROW(ctrl_c().get(), usage_error);
}

}  // namespace
}  // namespace kettle
