#include "sys/time.hpp"

#include <gtest/gtest.h>

namespace kettle {
namespace {
using namespace std::chrono_literals;

TEST(sys_time, monotonic_now_never_goes_back) {
  time_point a = sys::monotonic_now(), b = sys::monotonic_now();
  EXPECT_LE(a, b);
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  EXPECT_LE(b.time_since_epoch(), std::chrono::seconds(t.tv_sec) + duration(t.tv_nsec));
}

TEST(sys_time, timespec_of_the_past_is_zero_and_of_never_is_valid) {
  EXPECT_EQ(sys::to_timespec(always).tv_sec, 0);
  EXPECT_EQ(sys::to_timespec(always).tv_nsec, 0);
  EXPECT_GT(sys::to_timespec(never).tv_sec, 9'000'000'000);
  EXPECT_EQ(sys::to_timespec(duration(1500ms)).tv_sec, 1);
  EXPECT_EQ(sys::to_timespec(duration(1500ms)).tv_nsec, 500'000'000);
}

TEST(sys_time, time_left_does_not_overflow) {
  time_point now = sys::monotonic_now();
  EXPECT_EQ(sys::time_left(now, always), 0ns);
  EXPECT_EQ(sys::time_left(now, now), 0ns);
  EXPECT_EQ(sys::time_left(now, now + 3ns), 3ns);
  EXPECT_GT(sys::time_left(now, never), 24h);
}

}  // namespace
}  // namespace kettle
