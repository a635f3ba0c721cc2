#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/processes/process_pool.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

int twice(int x) { return 2 * x; }
int sleeper() {
  sleep_forever().get();
  return 0;
}

TEST(process_engine, a_coroutine_queues_what_the_table_does_not_hold) {
  process_pool pool({.workers = 2});
  auto body = [&]() -> task<long> {
    std::vector<future<int>> all;
    for (int i = 0; i < 5000; i++) all.push_back(pool.start(twice, i));
    long sum = 0;
    for (auto& f : all) sum += co_await f;
    co_return sum;
  };
  EXPECT_EQ(run(body), 5000L * 4999);
}

TEST(process_engine, a_thread_waits_while_the_table_is_full) {
  process_pool pool({.workers = 1});
  auto first = pool.start(sleeper);
  std::vector<future<int>> all;
  for (int i = 0; i < 1023; i++) all.push_back(pool.start(twice, i));
  EXPECT_EQ(pool.stats().running + pool.stats().queued, 1024u);
  std::atomic<bool> started{false};
  std::thread other([&] {
    auto f = pool.start(twice, 21);
    started = true;
    EXPECT_EQ(f.get(), 42);
  });
  EXPECT_FALSE(started);
  all.back().cancel();  // makes room
  while (!started) std::this_thread::yield();
  first.cancel();
  other.join();
  for (int i = 0; i < 1022; i++) EXPECT_EQ(all[std::size_t(i)].get(), 2 * i);
}

TEST(process_engine, a_fiber_parks_while_it_waits) {
  process_pool pool({.workers = 1});
  int got = run([&](nursery& n) -> task<int> {
    auto f = n.start(on_fiber, [&] { return pool.start(twice, 4).get(); });
    auto g = n.start(on_fiber, [&] { return pool(twice, 5).get(); });
    co_return co_await f + co_await g;
  });
  EXPECT_EQ(got, 18);
}

// Each may find that another thread, or the manager, has taken its answer.
TEST(process_engine, threads_that_wait_for_short_tasks_get_each_its_own) {
  process_pool pool({.workers = 2});
  std::atomic<int> wrong{0};
  auto ask = [&](int first) {
    for (int i = first; i < first + 1000; i++) wrong += pool.start(twice, i).get() != 2 * i;
  };
  std::thread other(ask, 5000);
  ask(0);
  other.join();
  ask(10'000);  // alone
  EXPECT_EQ(wrong, 0);
}

TEST(process_engine, a_loop_that_waits_for_short_tasks_gets_them_by_either_way) {
  process_pool pool({.workers = 1});
  run([&](nursery& n) -> task<> {
    for (int i = 0; i < 300; i++) {
      auto own = pool.start(twice, i);
      EXPECT_EQ(co_await own, 2 * i);
      auto child = n.start(pool, twice, i);
      EXPECT_EQ(co_await child, 2 * i);
      EXPECT_EQ(co_await pool(twice, i), 2 * i);
    }
  });
}

TEST(process_engine, pools_may_go_while_their_futures_are_waited_for) {
  static constexpr auto stay = [](std::chrono::microseconds d) {
    auto until = std::chrono::steady_clock::now() + d;
    while (std::chrono::steady_clock::now() < until) {}
  };
  auto takes_a_moment = [](int x) {
    stay(200us);
    return 2 * x;
  };
  for (int i = 0; i < 50; i++) {
    std::optional<process_pool> pool(std::in_place, process_pool_options{.workers = 1});
    pool->warm_up().get();
    auto f = pool->start(takes_a_moment, i);
    std::thread other([&] {
      stay(std::chrono::microseconds(i * 4));  // when the pool is being closed already
      EXPECT_EQ(f.get(), 2 * i);
    });
    pool->close(close_mode::drain).get();
    pool.reset();
    other.join();
  }
}

TEST(process_engine, futures_may_outlive_the_pool) {
  future<int> f;
  {
    process_pool pool({.workers = 1});
    f = pool.start(twice, 3);
    pool.close(close_mode::drain).get();
  }
  EXPECT_EQ(f.get(), 6);
}

// Its end is in the mail of this thread, which looks at that only when it waits.
TEST(process_engine, a_child_that_outlived_the_pool_can_be_cancelled_and_given_time) {
  run([](nursery& n) {
    auto pool = std::make_unique<process_pool>(process_pool_options{.workers = 1});
    cancel_scope& s = n.scope();
    s.deadline(after(clock::now(), 1h));
    auto begun = n.start(as_outcome, *pool, sleeper);
    auto queued = n.start(as_outcome, *pool, sleeper);
    pool.reset();
    s.deadline(never);
    queued.cancel();
    n.cancel();
    EXPECT_FALSE(begun.get().has_value());
  });
}

TEST(process_engine, large_arguments_wait_in_the_overflow_too) {
  process_pool pool({.workers = 2});
  auto body = [&]() -> task<std::size_t> {
    std::vector<future<std::size_t>> all;
    auto size = [](std::string s) { return s.size(); };
    for (int i = 0; i < 1100; i++) all.push_back(pool.start(size, std::string(5000, 'x')));
    std::size_t sum = 0;
    for (auto& f : all) sum += co_await f;
    co_return sum;
  };
  EXPECT_EQ(run(body), 1100u * 5000);
}

}  // namespace
}  // namespace kettle
