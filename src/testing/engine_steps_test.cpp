#include "sys/futex.hpp"
#include "sys/thread.hpp"
#include "testing/engine.hpp"

#include <kettle/testing.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace kettle::testing::detail {
namespace {

schedule_result play(const std::function<void()>& body) {
  engine e({});
  auto s = make_replay({});
  s->begin();
  return e.play(body, *s);
}

TEST(engine_steps, wakes_who_sleeps_on_a_word_in_the_order_they_came) {
  std::vector<int> order;
  schedule_result r = play([&] {
    atomic<std::uint32_t> word{0};
    auto sleep = [&](int number) {
      return [&, number] {
        while (word.load(acquire) == 0) sys::futex_wait(word, 0);
        order.push_back(number);
      };
    };
    testing::thread a(sleep(1)), b(sleep(2));
    testing::thread waker([&] {
      word.store(1, release);
      EXPECT_EQ(sys::futex_wake(word, 1), 1);
      EXPECT_EQ(sys::futex_wake(word, 1), 1);
      EXPECT_EQ(sys::futex_wake(word, 1), 0);
    });
  });
  EXPECT_EQ(r.failed.kind, "");
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(engine_steps, does_not_sleep_on_a_word_that_has_changed) {
  play([] {
    atomic<std::uint32_t> word{1};
    EXPECT_EQ(sys::futex_wait(word, 0), -EAGAIN);
    EXPECT_EQ(sys::futex_wait(word, 1, time_point{}), -ETIMEDOUT);
  });
}

TEST(engine_steps, the_clock_goes_when_nobody_else_can) {
  play([] {
    atomic<std::uint32_t> word{0};
    time_point before = clock::now();
    EXPECT_EQ(sys::futex_wait(word, 0, before + std::chrono::hours(9)), -ETIMEDOUT);
    EXPECT_EQ(clock::now() - before, std::chrono::hours(9));
  });
}

TEST(engine_steps, interrupting_a_thread_ends_its_sleep) {
  play([] {
    atomic<std::uint32_t> word{0};
    testing::thread sleeper([&] {
      EXPECT_EQ(sys::futex_wait(word, 0), -EINTR);
      EXPECT_EQ(engine::here().interrupts_here(), 1u);
    });
    testing::thread other([] { sys::interrupt_thread(1); });
  });
}

TEST(engine_steps, a_timer_that_comes_again_does_not_starve_who_could_stop_it) {
  exploration fine = testing::explore({.seeds = 3000}, [] {
    atomic<std::uint32_t> stop{0};
    testing::thread ticks([&] {
      while (stop.load(acquire) == 0)
        sys::futex_wait(stop, 0, clock::now() + std::chrono::milliseconds(1));
    });
    stop.store(1, release);
  });
  EXPECT_FALSE(fine) << fine;
}

}  // namespace
}  // namespace kettle::testing::detail
