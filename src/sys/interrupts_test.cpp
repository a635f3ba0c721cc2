#include "sys/interrupts.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>

#include <unistd.h>

namespace kettle {
namespace {

std::atomic<int> seen{0};

struct sigaction action_now() {
  struct sigaction a{};
  ::sigaction(sys::interrupt_signal, nullptr, &a);
  return a;
}

TEST(interrupts, end_a_blocking_call) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::atomic<sys::thread_handle> reader{};
  std::atomic<bool> ready{false}, done{false};
  int error = 0;
  std::thread other([&] {
    sys::interruptible here;
    reader = sys::this_thread();
    ready = true;
    char c;
    error = ::read(ends[0], &c, 1) < 0 ? errno : 0;
    done = true;
  });
  while (!ready) std::this_thread::yield();
  while (!done) sys::interrupt_thread(reader);  // one that comes before the call is lost
  other.join();
  EXPECT_EQ(error, EINTR);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(interrupts, leave_the_programs_handler_as_it_was_and_call_it_meanwhile) {
  struct sigaction mine{};
  mine.sa_handler = [](int) { seen++; };
  mine.sa_flags = SA_RESTART;
  struct sigaction before{};
  ASSERT_EQ(::sigaction(sys::interrupt_signal, &mine, &before), 0);
  {
    std::optional<sys::interruptible> first, second;
    first.emplace();
    second.emplace();
    first.reset();
    EXPECT_FALSE(action_now().sa_flags & SA_RESTART);
    seen = 0;
    ::raise(sys::interrupt_signal);
    EXPECT_EQ(seen, 1);
  }
  EXPECT_EQ(action_now().sa_handler, mine.sa_handler);
  EXPECT_TRUE(action_now().sa_flags & SA_RESTART);
  ::sigaction(sys::interrupt_signal, &before, nullptr);
}

TEST(interrupts, a_late_one_does_not_meet_what_the_thread_does_next) {
  std::thread([] {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, sys::interrupt_signal);
    ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
    { sys::interruptible here; }
    sigset_t now;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
    EXPECT_EQ(sigismember(&now, sys::interrupt_signal), 1);
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, sys::interrupt_signal), 0);
  }).join();
}

}  // namespace
}  // namespace kettle
