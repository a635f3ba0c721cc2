#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/sync/limiter.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> stay(limiter& l, int& inside, duration d) {
  auto slot = co_await l.acquire();
  inside++;
  co_await sleep_for(d);
  inside--;
}

TEST(limiter, raising_the_total_wakes_the_right_number) {
  limiter l(2);
  int inside = 0;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (int i = 0; i < 8; i++) n.start(stay, std::ref(l), std::ref(inside), 10s);
    co_await sleep_for(1s);
    EXPECT_EQ(inside, 2);
    EXPECT_EQ(l.waiting(), 6u);
    l.total(5);
    co_await sleep_for(1s);
    EXPECT_EQ(inside, 5);
    EXPECT_EQ(l.borrowed(), 5u);
    EXPECT_EQ(l.available(), 0);
    n.cancel();
  });
  EXPECT_EQ(l.borrowed(), 0u);
}

TEST(limiter, shrinking_grants_nothing_until_enough_has_come_back) {
  limiter l(3);
  int inside = 0;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (duration d : {2s, 4s, 6s, 20s}) n.start(stay, std::ref(l), std::ref(inside), d);
    co_await sleep_for(1s);
    l.total(1);
    EXPECT_EQ(l.available(), -2);
    co_await sleep_for(2s);
    EXPECT_EQ(l.available(), -1);
    co_await sleep_for(2s);
    EXPECT_EQ(l.available(), 0);
    EXPECT_EQ(inside, 1);
    EXPECT_EQ(l.waiting(), 1u);
    co_await sleep_for(2s);
    EXPECT_EQ(inside, 1);  // the fourth
    EXPECT_EQ(l.waiting(), 0u);
    n.cancel();
  });
}

TEST(limiter, a_second_token_for_one_task_is_a_usage_error) {
  limiter l(5);
  run([&]() -> task<> {
    auto slot = co_await l.acquire();
    EXPECT_THROW((void)co_await l.acquire(), usage_error);
    EXPECT_THROW((void)l.try_acquire(), usage_error);
    slot.release();
    auto again = co_await l.acquire();
  });
  EXPECT_EQ(l.borrowed(), 0u);
}

TEST(limiter, a_token_granted_to_a_cancelled_wait_goes_to_the_next) {
  limiter l(0);
  int a = 0, b = 0;
  run(on_virtual_time, [&]() -> task<> {
    cancel_scope scope;
    co_await all(in_scope(scope, stay(l, a, 1s)), stay(l, b, 5s), [&]() -> task<> {
      co_await sleep_for(1s);
      l.total(1);
      scope.cancel();
      co_await sleep_for(1s);
      EXPECT_EQ(a, 0);
      EXPECT_EQ(b, 1);
    });
  });
}

TEST(limiter, remembers_thousands_of_borrowers) {
  limiter l(3000);
  int inside = 0;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (int i = 0; i < 5000; i++) n.start(stay, std::ref(l), std::ref(inside), i % 2 ? 1s : 2s);
    co_await sleep_for(500ms);
    EXPECT_EQ(inside, 3000);
    EXPECT_EQ(l.waiting(), 2000u);
  });
  EXPECT_EQ(l.available(), 3000);
}

task<> take_and_leave(limiter& l, std::vector<limiter::token>& kept) {
  kept.push_back(co_await l.acquire());
}

// The node of a task that has ended is used for the next one: same address, another task.
TEST(limiter, has_room_for_all_who_wait_when_the_total_grows) {
  constexpr int many = 1000;
  limiter l(1);
  int had_one = 0;
  auto borrows = [&]() -> task<> {
    auto token = co_await l.acquire();
    co_await sleep_for(1s);
    had_one++;
  };
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (int i = 0; i < many; i++) n.start(borrows);
    co_await sleep_for(1ms);
    l.total(many);
    co_await sleep_for(1ms);
    EXPECT_EQ(l.borrowed(), std::size_t(many));
  });
  EXPECT_EQ(had_one, many);
}

TEST(limiter, a_token_that_outlives_its_task_is_nobody_elses) {
  limiter l(10);
  std::vector<limiter::token> kept;
  run([&]() -> task<> {
    for (int i = 0; i < 5; i++)
      co_await with_nursery(
          [&](nursery& n) { n.start(take_and_leave, std::ref(l), std::ref(kept)); });
    EXPECT_EQ(l.borrowed(), 5u);
    auto own = co_await l.acquire();
    while (!kept.empty()) kept.pop_back();
    EXPECT_EQ(l.borrowed(), 1u);
    EXPECT_THROW((void)l.try_acquire(), usage_error);
  });
  EXPECT_EQ(l.borrowed(), 0u);
}

TEST(limiter, a_token_of_a_fiber_or_thread_may_outlive_it) {
  limiter l(10);
  std::vector<limiter::token> kept;
  auto take = [&] { kept.push_back(l.acquire().get()); };
  run([&]() -> task<> {
    for (int i = 0; i < 3; i++) co_await on_fiber(take);
    for (int i = 0; i < 3; i++) co_await on_thread(take);
    kept.clear();
  });
  EXPECT_EQ(l.borrowed(), 0u);
}

}  // namespace
}  // namespace kettle
