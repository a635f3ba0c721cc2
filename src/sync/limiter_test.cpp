#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/limiter.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

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

TEST(pointer_set, agrees_with_std_set) {
  detail::pointer_set mine;
  std::set<const void*> theirs;
  static char room[512 * 16];
  unsigned random = 1;
  for (int i = 0; i < 20'000; i++) {
    random = random * 1664525 + 1013904223;
    const void* p = room + (random >> 10) % 512 * 16;
    ASSERT_EQ(mine.contains(p), theirs.count(p) == 1);
    if (theirs.erase(p)) {
      mine.erase(p);
    } else {
      mine.reserve(mine.size() + 1);
      mine.insert(p);
      theirs.insert(p);
    }
    ASSERT_EQ(mine.size(), theirs.size());
  }
}

}  // namespace
}  // namespace kettle
