// What must grow with its number, and not with the square of it. Each case is counted at 10 000 and
// at 100 000: ten times as many may take twelve times as many steps.

#include "steps.hpp"

#include <kettle/core/sleep.hpp>
#include <kettle/coro/map.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/fiber_pool.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/sync/event.hpp>
#include <kettle/sync/limiter.hpp>
#include <kettle/sync/select.hpp>
#include <kettle/sync/semaphore.hpp>
#include <kettle/sync/shared_mutex.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
using tests::steps_of;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

// steps(n) counts what is to be counted with n of them.
template <class Steps> void expect_linear(Steps steps) {
  constexpr int few = 10'000, many = 100'000;
  long of_few = steps(few), of_many = steps(many);
  EXPECT_GT(of_few, 0);
  EXPECT_LT(of_many, 12 * of_few) << few << " take " << of_few << " steps, " << many << " take "
                                  << of_many;
}

// n selects, each on its own event and on `other`, and all won by their own event but not resumed
// yet when `then` is called.
template <class Wait, class Then> long steps_past_lost_waits(int n, Wait other, Then then) {
  long steps = 0;
  std::vector<event> own(n);
  run(on_virtual_time, [&](nursery& all) -> task<> {
    for (auto& e : own) all.start([&]() -> task<> { (void)co_await select(e.wait(), other()); });
    co_await sleep_for(1s);
    for (auto& e : own) e.set();
    steps = steps_of(then);
  });
  return steps;
}

TEST(growth, of_setting_an_event_past_waits_that_are_lost) {
  expect_linear([](int n) {
    event common;
    return steps_past_lost_waits(n, [&] { return common.wait(); }, [&] { common.set(); });
  });
}

TEST(growth, of_setting_and_clearing_an_event_past_waits_that_are_lost) {
  expect_linear([](int n) {
    event common;
    return steps_past_lost_waits(
        n, [&] { return common.wait(); },
        [&] {
          for (int i = 0; i < n; i++) common.set(), common.clear();
        });
  });
}

TEST(growth, of_releasing_permits_past_waits_that_are_lost) {
  expect_linear([](int n) {
    semaphore permits(0);
    return steps_past_lost_waits(
        n, [&] { return permits.acquire(); },
        [&] {
          for (int i = 0; i < n; i++) permits.release();
        });
  });
}

TEST(growth, of_raising_a_limit_past_waits_that_are_lost) {
  expect_linear([](int n) {
    limiter slots(0);
    return steps_past_lost_waits(
        n, [&] { return slots.acquire(); },
        [&] {
          for (int i = 0; i < n; i++) slots.total(i + 1);
        });
  });
}

TEST(growth, of_unlocking_a_shared_mutex_past_waits_that_are_lost) {
  expect_linear([](int n) {
    shared_mutex m;
    auto held = m.try_lock();
    long unlocking = 0, before = tests::steps;
    long all = 0;
    unlocking = steps_past_lost_waits(
        n, [&] { return m.lock_shared(); },
        [&] {
          held.release();
          before = tests::steps;
        });
    all = tests::steps - before;  // with every one of them leaving the line
    return unlocking + all;
  });
}

TEST(growth, of_waiting_until_closing_beside_many_who_do) {
  expect_linear([](int n) {
    long steps = 0;
    event never_set;
    run(on_virtual_time, [&](nursery& all) -> task<> {
      auto idle = [&never_set](nursery& closing) -> task<> {
        (void)co_await until_closing(closing, never_set.wait());
      };
      for (int i = 0; i < n; i++) all.start(idle, std::ref(all));
      co_await sleep_for(1s);
      steps -= tests::steps;
      for (int i = 0; i < n; i++) (void)co_await until_closing(all, sleep_for(0s));
      all.cancel_after(10s);
      while (all.running() > 1) co_await yield();
      steps += tests::steps;
    });
    return steps;
  });
}

TEST(growth, of_many_errors_in_one_nursery) {
  expect_linear([](int n) {
    long before = tests::steps;
    event go;
    auto fails = [&]() -> task<> {
      co_await go.wait();
      throw std::runtime_error("x");
    };
    auto body = [&](nursery& all) -> task<> {
      for (int i = 0; i < n; i++) all.start(fails);
      co_await yield();
      go.set();
    };
    EXPECT_THROW(run(on_virtual_time, body), error_group);
    return tests::steps - before;
  });
}

TEST(growth, of_a_map_by_completion_whose_items_end_in_reverse) {
  expect_linear([](int n) {
    long before = tests::steps;
    run(on_virtual_time, [&]() -> task<> {
      std::vector<int> in(n);
      for (int i = 0; i < n; i++) in[i] = n - i;
      auto f = [](int k) -> task<int> {
        co_await sleep_for(duration(k));
        co_return k;
      };
      map_options o{.at_once = std::size_t(n), .order = map_order::completion};
      auto got = co_await map(f, in, o);
      EXPECT_EQ(int(got.size()), n);
      EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
    });
    return tests::steps - before;
  });
}

TEST(growth, of_a_map_whose_results_are_dropped) {
  auto before_this = set_dropped_error_hook([](const std::exception_ptr&, const char*) noexcept {});
  expect_linear([](int n) {
    long before = tests::steps;
    run(on_virtual_time, [&](nursery& all) -> task<> {
      std::vector<int> in(n, 1);
      auto f = [](int) -> task<> { co_await sleep_forever(); };
      auto fails = [](int) -> task<> {
        throw std::runtime_error("x");
        co_return;
      };
      for (map_order order : {map_order::input, map_order::completion}) {
        map_options o{.at_once = std::size_t(n), .order = order};
        auto dropped = all.map(f, in, o);
        (void)co_await move_on_after(1ns, dropped.next());
        auto failing = all.map(fails, in, o);
        EXPECT_THROW((void)co_await failing.next(), std::runtime_error);
      }
    });
    return tests::steps - before;
  });
  set_dropped_error_hook(before_this);
}

// Ten times as many fibers wait for a slot as the machine has addresses for: so fewer.
TEST(growth, of_starts_that_wait_for_a_fiber_pool) {
  auto steps = [](int n) {
    long counted = 0;
    run(on_virtual_time, [&]() -> task<> {
      fiber_pool pool({.at_once = 1});
      auto starts = [&] { pool.start([] {}).get(); };
      event go;
      pool.start([&] { go.wait().get(); });
      auto body = [&](nursery& all) -> task<> {
        std::vector<future<void>> starters;
        for (int i = 0; i < n; i++) starters.push_back(all.start(on_fiber, starts));
        co_await sleep_for(1s);
        counted -= tests::steps;
        for (int i = n; i > 0; i -= 2) starters[i - 1].cancel();  // the last half the line away
        co_await sleep_for(1s);
        go.set();
        co_await sleep_for(1s);
        counted += tests::steps;
      };
      co_await with_nursery(body);
      co_await pool.close(close_mode::drain);
    });
    return counted;
  };
  long of_few = steps(300), of_many = steps(3000);
  EXPECT_LT(of_many, 12 * of_few);
}

}  // namespace
}  // namespace kettle
