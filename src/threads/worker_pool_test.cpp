#include "threads/worker_pool.hpp"

#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/sync/latch.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

// The engine alone, as a pool.
struct bare_pool : pool_calls<bare_pool> {
  explicit bare_pool(std::uint32_t width) : engine(width) {}
  void launch(placed_child_base& c) const { engine.launch(c); }
  void launch_own(placed_child_base& c) { engine.launch(c); }
  std::size_t width() const noexcept { return engine.width(); }
  mutable worker_pool engine;
};

TEST(worker_pool, makes_no_thread_before_there_is_work) {
  bare_pool pool(4);
  EXPECT_EQ(pool.engine.threads(), 0u);
  EXPECT_EQ(pool.start([] { return 5; }).get(), 5);
  EXPECT_GE(pool.engine.threads(), 1u);
  EXPECT_LE(pool.engine.threads(), 4u);
}

TEST(worker_pool, runs_as_many_at_once_as_it_is_wide) {
  bare_pool pool(3);
  atomic<int> arrived{0};
  auto meets = [&] {
    arrived.fetch_add(1, relaxed);
    while (arrived.load(relaxed) < 3) std::this_thread::yield();
  };
  std::vector<future<void>> all;
  for (int i = 0; i < 3; i++) all.push_back(pool.start(meets));
  for (auto& f : all) f.get();
}

// A worker that takes several at once hides them until they are in its deque: whoever looked
// meanwhile and went to sleep must hear of them.
TEST(worker_pool, what_one_worker_took_for_later_wakes_another) {
  for (int i = 0; i < 3000; i++) {
    bare_pool pool(2);
    latch both(2);
    auto meets = [&] {
      both.count_down();
      both.wait().get();
    };
    auto first = pool.start(meets), second = pool.start(meets);
    first.get();
    second.get();
  }
}

TEST(worker_pool, an_idle_one_is_not_woken) {
  bare_pool pool(2);
  pool.start([] {}).get();
  sleep_for(std::chrono::milliseconds(20)).get();
  auto before = pool.engine.lot().wakes();
  sleep_for(std::chrono::milliseconds(50)).get();
  EXPECT_EQ(pool.engine.lot().wakes(), before);
  EXPECT_EQ(pool.engine.lot().sleepers(), pool.engine.threads());
}

TEST(worker_pool, runs_everything_once_from_many_starters) {
  constexpr int starters = 3, each = 5000;
  bare_pool pool(3);
  atomic<long> sum{0};
  std::vector<std::thread> threads;
  for (int s = 0; s < starters; s++) {
    threads.emplace_back([&] {
      std::vector<future<void>> mine;
      for (int i = 0; i < each; i++)
        mine.push_back(pool.start([&sum] { sum.fetch_add(1, relaxed); }));
      for (auto& f : mine) f.get();
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(sum.load(relaxed), starters * each);
}

TEST(worker_pool, every_task_that_is_cancelled_ran_or_did_not_but_ended) {
  bare_pool pool(2);
  atomic<int> ran{0};
  std::vector<future<void>> all;
  for (int i = 0; i < 5000; i++) {
    all.push_back(pool.start([&] { ran.fetch_add(1, relaxed); }));
    if (i % 2) all[std::size_t(i)].cancel();
  }
  int given = 0, taken_back = 0;
  for (auto& f : all) {
    try {
      f.get();
      given++;
    } catch (const cancelled&) {
      taken_back++;
    }
  }
  EXPECT_EQ(given + taken_back, 5000);
  EXPECT_GE(given, 2500);
  EXPECT_EQ(ran.load(relaxed), given);
}

long fib(bare_pool& pool, int n) {
  if (n < 2) return n;
  auto left = pool.start(fib, std::ref(pool), n - 1);
  long right = fib(pool, n - 2);
  return left.get() + right;
}

TEST(worker_pool, a_task_that_waits_for_its_own_tasks_does_not_block_the_pool) {
  for (std::uint32_t width : {1u, 2u}) {
    bare_pool pool(width);
    EXPECT_EQ(pool.start(fib, std::ref(pool), 15).get(), 610);
  }
}

}  // namespace
}  // namespace kettle
