#include "testing/engine.hpp"

#include "sys/futex.hpp"
#include "sys/thread.hpp"

#include <kettle/core/context.hpp>
#include <kettle/testing.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace kettle::testing::detail {
namespace {

schedule_result play(const std::function<void()>& body, path p = {}) {
  engine e({});
  auto s = make_replay(std::move(p));
  s->begin();
  return e.play(body, *s);
}

TEST(engine, plays_a_schedule_to_the_end_of_all_threads) {
  int steps = 0;
  schedule_result r = play([&] { testing::thread a([&] { steps++; }), b([&] { steps++; }); });
  EXPECT_EQ(r.failed.kind, "");
  EXPECT_EQ(steps, 2);
}

TEST(engine, equal_schedules_have_equal_hashes) {
  auto body = [] {
    atomic<int> n{0};
    testing::thread other([&] { n.fetch_add(1, relaxed); });
    n.fetch_add(1, relaxed);
  };
  EXPECT_EQ(play(body).hash, play(body).hash);
  EXPECT_NE(play(body).hash, play(body, {{0, 1}}).hash);
}

TEST(engine, wakes_who_sleeps_on_a_word_in_the_order_they_came) {
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

TEST(engine, does_not_sleep_on_a_word_that_has_changed) {
  play([] {
    atomic<std::uint32_t> word{1};
    EXPECT_EQ(sys::futex_wait(word, 0), -EAGAIN);
    EXPECT_EQ(sys::futex_wait(word, 1, time_point{}), -ETIMEDOUT);
  });
}

TEST(engine, the_clock_goes_when_nobody_else_can) {
  play([] {
    atomic<std::uint32_t> word{0};
    time_point before = clock::now();
    EXPECT_EQ(sys::futex_wait(word, 0, before + std::chrono::hours(9)), -ETIMEDOUT);
    EXPECT_EQ(clock::now() - before, std::chrono::hours(9));
  });
}

TEST(engine, interrupting_a_thread_ends_its_sleep) {
  play([] {
    atomic<std::uint32_t> word{0};
    testing::thread sleeper([&] {
      EXPECT_EQ(sys::futex_wait(word, 0), -EINTR);
      EXPECT_EQ(engine::here().interrupts_here(), 1u);
    });
    testing::thread other([] { sys::interrupt_thread(1); });
  });
}

TEST(engine, each_thread_has_its_own_thread_state) {
  play([] {
    context& mine = this_context();
    testing::thread other([&] { EXPECT_NE(&this_context(), &mine); });
    other.join();
    EXPECT_EQ(&this_context(), &mine);
  });
}

TEST(engine, a_thread_may_be_taken_off_while_it_handles_an_exception) {
  schedule_result r = play(
      [] {
        atomic<int> n{0};
        auto f = [&](int number) {
          return [&, number] {
            try {
              throw number;
            } catch (int caught) {
              n.fetch_add(1, relaxed);
              try {
                throw;
              } catch (int again) {
                EXPECT_EQ(again, number);
              }
              EXPECT_EQ(caught, number);
            }
          };
        };
        testing::thread a(f(1)), b(f(2));
      },
      {{3, 2}, {5, 1}});
  EXPECT_EQ(r.failed.kind, "");
}

TEST(engine, more_threads_than_it_can_play_are_refused) {
  schedule_result r = play([] {
    for (int i = 0; i < 40; i++) testing::thread t([] {});
  });
  EXPECT_EQ(r.failed.kind, "limit");
}

}  // namespace
}  // namespace kettle::testing::detail
