#include <kettle/threads/thread_pool.hpp>

#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

TEST(thread_pool, gives_values_and_errors_through_futures) {
  thread_pool pool({.workers = 2});
  auto value = pool.start(fib, 20);
  auto error = pool.start([]() -> int { throw std::invalid_argument("no"); });
  EXPECT_EQ(value.get(), 6765);
  EXPECT_THROW(error.get(), std::invalid_argument);
}

TEST(thread_pool, maps_in_order_with_a_bounded_window) {
  thread_pool pool({.workers = 2});
  struct counting {
    int* taken;
    struct iterator {
      int i;
      int* taken;
      int operator*() const { return *taken = i, i; }
      iterator& operator++() { return i++, *this; }
      bool operator==(const iterator& o) const { return i == o.i; }
    };
    iterator begin() const { return {0, taken}; }
    iterator end() const { return {100, taken}; }
  };
  int taken = 0, expected = 0;
  counting numbers{&taken};
  for (int x : pool.map([](int i) { return i * i; }, numbers, {.at_once = 4})) {
    EXPECT_EQ(x, expected * expected);
    EXPECT_LE(taken, expected + 4);
    expected++;
  }
  EXPECT_EQ(expected, 100);
}

TEST(thread_pool, a_map_throws_at_the_items_turn_and_takes_no_more_inputs) {
  thread_pool pool({.workers = 2});
  std::vector<int> inputs(1000);
  for (int i = 0; i < 1000; i++) inputs[std::size_t(i)] = i;
  std::atomic<int> began{0};
  int delivered = 0;
  auto half = [&](int i) {
    began++;
    if (i == 10) throw std::range_error("ten");
    return i;
  };
  auto consume = [&] {
    for (int x : pool.map(half, inputs, {.at_once = 4})) delivered += x >= 0;
  };
  EXPECT_THROW(consume(), std::range_error);
  EXPECT_EQ(delivered, 10);
  EXPECT_LE(began, 15);
}

// A task that has begun, and goes on when it is cancelled.
struct begun_tasks {
  std::atomic<int> begun{0}, running{0};
  auto task() {
    return [this](int) {
      running++;
      begun++;
      begun.notify_all();
      sleep_forever_or_cancelled();
      running--;
    };
  }
  static void sleep_forever_or_cancelled() {
    try {
      sleep_forever().get();
    } catch (const cancelled&) {}
  }
};

TEST(thread_pool, results_dropped_in_a_coroutine_are_a_usage_error_and_nothing_runs_on) {
  thread_pool pool({.workers = 2});
  for (map_order order : {map_order::input, map_order::completion}) {
    begun_tasks tasks;
    std::vector<int> in(10, 1);
    run([&]() -> task<> {
      auto dropping = [&]() -> task<> {
        auto f = tasks.task();
        auto got = pool.map(f, in, {.order = order});
        (void)co_await move_on_after(duration(0), got.next());
        tasks.begun.wait(0);
      };
      EXPECT_THROW(co_await dropping(), usage_error);
      EXPECT_EQ(tasks.running, 0);
      auto failing = [&]() -> task<> {
        auto f = tasks.task();
        auto got = pool.map(f, in, {.order = order});
        (void)co_await move_on_after(duration(0), got.next());
        throw std::runtime_error("of its own");  // is not hidden by the other one
      };
      EXPECT_THROW(co_await failing(), std::runtime_error);
      EXPECT_EQ(tasks.running, 0);
    });
  }
}

TEST(thread_pool, results_that_were_taken_or_have_failed_may_be_dropped_in_a_coroutine) {
  thread_pool pool({.workers = 2});
  for (map_order order : {map_order::input, map_order::completion}) {
    begun_tasks tasks;
    std::vector<int> in{0, 1, 1, 1};
    run([&]() -> task<> {
      {
        auto all = pool.map([](int x) { return x; }, in, {.order = order});
        while (co_await all.next()) {}
      }
      auto f = [&, forever = tasks.task()](int x) {
        if (x == 0) throw std::runtime_error("the first");
        forever(x);
      };
      auto got = pool.map(f, in, {.order = order});
      EXPECT_THROW((void)co_await got.next(), std::runtime_error);
      EXPECT_EQ(tasks.running, 0);  // waited for before the error was thrown
    });
  }
}

TEST(thread_pool, maps_with_a_window_of_a_few_times_its_width) {
  thread_pool pool({.workers = 3});
  int consumed = 0;
  struct counting {
    int* consumed;
    struct iterator {
      int* consumed;
      int operator*() const { return ++*consumed; }
      iterator& operator++() { return *this; }
      bool operator==(const iterator&) const { return false; }
    };
    iterator begin() const { return {consumed}; }
    iterator end() const { return {consumed}; }
  };
  auto got = pool.map([](int x) { return x; }, counting{&consumed});
  EXPECT_EQ(*got.next().get(), 1);
  EXPECT_EQ(consumed, 12);
}

TEST(thread_pool, a_nested_start_and_get_completes_in_a_pool_of_one) {
  thread_pool pool({.workers = 1});
  auto outer = pool.start([&] { return pool.start(fib, 10).get() + 1; });
  EXPECT_EQ(outer.get(), 56);
}

TEST(thread_pool, a_nested_nursery_completes_in_a_pool_of_one) {
  thread_pool pool({.workers = 1});
  auto outer = pool.start([&] {
    long sum = 0;
    with_nursery([&](nursery& n) {
      auto body = [&](int i) { sum += fib(i); };
      for (int i = 0; i < 10; i++) n.start(pool, body, i);
    }).get();
    return sum;
  });
  EXPECT_EQ(outer.get(), 88);
}

TEST(thread_pool, all_forks_and_joins) {
  thread_pool pool({.workers = 2});
  auto [a, b] = all(pool(fib, 15), pool(fib, 16)).get();
  EXPECT_EQ(a, 610);
  EXPECT_EQ(b, 987);
}

TEST(thread_pool, waiting_for_a_future_has_a_deadline_and_can_go_on) {
  thread_pool pool({.workers = 1});
  auto late = pool.start([] { sleep_for(1h).get(); });
  EXPECT_FALSE(move_on_after(10ms, late).get());
  late.cancel();
  EXPECT_THROW(late.get(), cancelled);
}

TEST(thread_pool, one_error_in_a_nursery_ends_its_other_tasks) {
  thread_pool pool({.workers = 2});
  auto body = [&](nursery& n) {
    n.start(pool, [] { sleep_for(1h).get(); });
    n.start(pool, [] { throw std::runtime_error("broken"); });
  };
  try {
    with_nursery(body).get();
    FAIL();
  } catch (error_group& g) {
    EXPECT_STREQ(g.what(), "1 error: broken");
  }
}

TEST(thread_pool, closing_with_cancel_removes_what_is_queued_and_asks_what_runs) {
  thread_pool pool({.workers = 1});
  std::atomic<bool> running{false};
  auto runs = pool.start([&] {
    running = true;
    for (;;) check_cancelled();
  });
  bool ran = false;
  auto queued = pool.start([&] { ran = true; });
  while (!running) std::this_thread::yield();
  pool.close(close_mode::cancel).get();
  EXPECT_THROW(runs.get(), cancelled);
  EXPECT_THROW(queued.get(), cancelled);
  EXPECT_FALSE(ran);
  EXPECT_THROW(pool.start(fib, 1), usage_error);
}

TEST(thread_pool, closing_with_drain_finishes_everything_first) {
  thread_pool pool({.workers = 2});
  std::atomic<int> ran{0};
  std::vector<future<void>> all;
  for (int i = 0; i < 500; i++) all.push_back(pool.start([&] { ran++; }));
  pool.close(close_mode::drain).get();
  EXPECT_EQ(ran, 500);
}

TEST(thread_pool, closing_an_unused_one_is_nothing) {
  thread_pool pool;
  pool.close(close_mode::drain).get();
  EXPECT_GE(pool.width(), 1u);
}

TEST(thread_pool, is_closed_by_a_coroutine_without_blocking_its_loop) {
  int turns = 0;
  run([&](nursery& n) -> task<> {
    thread_pool pool({.workers = 1});
    auto slow = pool.start([] { std::this_thread::sleep_for(20ms); });
    auto turning = [&]() -> task<> {
      for (;;) {
        co_await sleep_for(1ms);
        turns++;
      }
    };
    auto other = n.start(turning);
    co_await pool.close(close_mode::drain);
    EXPECT_TRUE(slow.done());
    other.cancel();
  });
  EXPECT_GE(turns, 3);
}

TEST(thread_pool, a_loop_may_wait_for_a_pools_own_task) {
  thread_pool pool({.workers = 1});
  auto slow = [] {
    std::this_thread::sleep_for(20ms);
    return 9;
  };
  int got = run([&]() -> task<int> {
    auto f = pool.start(slow);
    co_return co_await f;
  });
  EXPECT_EQ(got, 9);
}

TEST(thread_pool, a_coroutine_function_runs_on_the_workers_own_home) {
  thread_pool pool({.workers = 1});
  auto work = [](int x) -> task<int> {
    co_await sleep_for(1ms);
    co_return 2 * x;
  };
  EXPECT_EQ(pool.start(work, 21).get(), 42);
}

// Under the address sanitizer: cancelling asks no pool that is gone.
TEST(thread_pool, a_future_may_be_cancelled_when_it_is_gone) {
  future<void> queued;
  {
    thread_pool pool({.workers = 1});
    pool.start([] { sleep_forever().get(); });
    queued = pool.start([] {});
    pool.close(close_mode::cancel).get();
  }
  queued.cancel();
  EXPECT_THROW(queued.get(), cancelled);
}

TEST(thread_pool, futures_may_outlive_it) {
  future<long> kept;
  {
    thread_pool pool({.workers = 1});
    kept = pool.start(fib, 10);
    pool.close(close_mode::drain).get();
  }
  EXPECT_EQ(kept.get(), 55);
}

TEST(thread_pool, map_by_completion_sees_the_end_of_what_never_began) {
  thread_pool pool({.workers = 1});
  std::vector<int> in{0, 1, 2, 3};
  auto f = [](int i) {
    if (i > 0) sleep_forever().get();
    return i;
  };
  auto results = pool.map(f, in, {.at_once = 4, .order = map_order::completion});
  EXPECT_EQ(results.next().get(), 0);
  pool.close(close_mode::cancel).get();
  EXPECT_THROW(results.next().get(), cancelled);
}

TEST(thread_pool, map_by_completion_is_no_deadlock_of_the_run_that_waits) {
  thread_pool pool({.workers = 1});
  auto body = [&]() -> task<int> {
    std::vector<int> in{1, 2, 3};
    auto f = [](int i) {
      sleep_for(1ms).get();
      return i;
    };
    auto results = pool.map(f, in, {.order = map_order::completion});
    int sum = 0;
    while (auto x = co_await results.next()) sum += *x;
    co_return sum;
  };
  EXPECT_EQ(run(body), 6);
}

}  // namespace
}  // namespace kettle
