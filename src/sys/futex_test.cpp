#include "sys/futex.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace kettle {
namespace {
using namespace std::chrono_literals;

TEST(futex, does_not_sleep_when_the_word_differs) {
  atomic<std::uint32_t> word{1};
  EXPECT_EQ(sys::futex_wait(word, 0), -EAGAIN);
}

TEST(futex, times_out_at_an_absolute_time) {
  atomic<std::uint32_t> word{0};
  time_point until = sys::monotonic_now() + 5ms;
  int r;
  while ((r = sys::futex_wait(word, 0, until)) == -EINTR) {}
  EXPECT_EQ(r, -ETIMEDOUT);
  EXPECT_GE(sys::monotonic_now(), until);
  EXPECT_EQ(sys::futex_wait(word, 0, always), -ETIMEDOUT);
}

TEST(futex, wakes_a_sleeper) {
  atomic<std::uint32_t> word{0};
  std::thread sleeper([&] {
    while (word.load(acquire) == 0) sys::futex_wait(word, 0);
  });
  word.store(1, release);
  sys::futex_wake(word, 1);
  sleeper.join();
  EXPECT_EQ(sys::futex_wake(word), 0);  // nobody left
}

}  // namespace
}  // namespace kettle
