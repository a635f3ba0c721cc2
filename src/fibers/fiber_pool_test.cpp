#include <kettle/fibers/fiber_pool.hpp>

#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

TEST(fiber_pool, gives_values_and_errors_through_futures) {
  fiber_pool pool;
  auto value = pool.start([](int x) { return x + 1; }, 1);
  auto error = pool.start([] { throw std::range_error("no"); });
  EXPECT_EQ(value.get(), 2);
  EXPECT_THROW(error.get(), std::range_error);
}

TEST(fiber_pool, start_waits_while_it_is_full) {
  std::string order;
  run(on_virtual_time, [&](nursery& n) {
    n.start(on_fiber, [&] {
      fiber_pool pool({.at_once = 2});
      for (char c : {'a', 'b', 'c'}) {
        pool.start([&, c] {
          order += c;
          sleep_for(1s).get();
          order += char(c - 'a' + 'A');
        });
        order += '.';
      }
      pool.close(close_mode::drain).get();
    });
  });
  EXPECT_EQ(order, "..abAB.cC");
}

TEST(fiber_pool, a_start_from_inside_cannot_deadlock) {
  fiber_pool pool({.at_once = 1});
  int got =
      pool.start([&] { return pool.start([&] { return pool([] { return 7; }).get(); }).get(); })
          .get();
  EXPECT_EQ(got, 7);
}

TEST(fiber_pool, queues_what_a_nursery_starts) {
  int most = 0, now = 0;
  run(on_virtual_time, [&]() -> task<> {
    fiber_pool pool({.at_once = 3});
    auto body = [&](nursery& n) {
      for (int i = 0; i < 10; i++) {
        n.start(pool, [&] {
          most = std::max(most, ++now);
          sleep_for(1s).get();
          now--;
        });
      }
      EXPECT_EQ(pool.stats().queued, 7u);
    };
    co_await with_nursery(body);
    co_await pool.close(close_mode::drain);
  });
  EXPECT_EQ(most, 3);
  EXPECT_EQ(now, 0);
}

TEST(fiber_pool, what_is_cancelled_in_the_queue_never_runs) {
  bool ran = false;
  run(on_virtual_time, [&]() -> task<> {
    fiber_pool pool({.at_once = 1});
    auto first = pool.start([] { sleep_for(1s).get(); });
    auto second = pool.start([&] { ran = true; });
    second.cancel();
    bool cancelled_at_once = false;
    try {
      co_await second;
    } catch (const cancelled&) {
      cancelled_at_once = !first.done();
    }
    EXPECT_TRUE(cancelled_at_once);
    co_await pool.close(close_mode::drain);
  });
  EXPECT_FALSE(ran);
}

TEST(fiber_pool, closing_with_cancel_ends_queued_and_running) {
  int cleaned = 0, began = 0;
  run(on_virtual_time, [&]() -> task<> {
    fiber_pool pool({.at_once = 2});
    struct at_end {
      int& cleaned;
      ~at_end() { cleaned++; }
    };
    auto body = [&] {
      began++;
      at_end guard{cleaned};
      sleep_forever().get();
    };
    std::vector<future<void>> all;
    for (int i = 0; i < 5; i++) all.push_back(pool.start(body));
    co_await sleep_for(1s);
    co_await pool.close(close_mode::cancel);
    for (auto& f : all) EXPECT_TRUE(f.done());
    bool refused = false;
    try {
      pool.start(body);
    } catch (const usage_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
  });
  EXPECT_EQ(began, 2);
  EXPECT_EQ(cleaned, 2);
}

TEST(fiber_pool, its_destructor_cancels_and_waits_in_a_fiber) {
  bool cleaned = false;
  run(on_virtual_time, [&](nursery& n) {
    n.start(on_fiber, [&] {
      fiber_pool pool;
      auto f = pool.start([&] {
        try {
          sleep_forever().get();
        } catch (const cancelled&) {
          cleaned = true;
          throw;
        }
      });
      sleep_for(1s).get();
    });
  });
  EXPECT_TRUE(cleaned);
}

TEST(fiber_pool, maps_in_order) {
  fiber_pool pool({.at_once = 4});
  std::vector<int> inputs = {1, 2, 3, 4, 5, 6, 7}, squares;
  auto square = [](int x) {
    yield().get();
    return x * x;
  };
  for (int y : pool.map(square, inputs)) squares.push_back(y);
  EXPECT_EQ(squares, (std::vector<int>{1, 4, 9, 16, 25, 36, 49}));
}

TEST(fiber_pool, neither_time_nor_a_deadlock_waits_behind_a_full_one) {
  fiber_pool pool({.at_once = 1});
  run(on_virtual_time, [&]() -> task<> {
    time_point start = clock::now();
    auto sleepers = [&](nursery& n) {
      for (int i = 0; i < 3; i++) n.start(pool, [] { sleep_for(1h).get(); });
    };
    co_await with_nursery(sleepers);
    EXPECT_EQ(clock::now() - start, 3h);
  });
  auto stuck = [&](nursery& n) {
    for (int i = 0; i < 2; i++) n.start(pool, [] { sleep_forever().get(); });
  };
  EXPECT_THROW(run(on_virtual_time, stuck), deadlock_error);
}

}  // namespace
}  // namespace kettle
