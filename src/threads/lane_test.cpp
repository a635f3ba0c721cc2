#include "threads/lane.hpp"

#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

struct lane_pool : pool_calls<lane_pool> {
  explicit lane_pool(lane_options o = {}) : engine(o) {}
  void launch(placed_child_base& c) const { engine.launch(c); }
  void launch_own(placed_child_base& c) { engine.launch(c); }
  std::size_t width() const noexcept { return engine.width(); }
  mutable lane engine;
};

TEST(lane, an_idle_thread_is_used_again) {
  lane_pool pool;
  for (int i = 0; i < 100; i++) {
    EXPECT_EQ(pool.start([i] { return i; }).get(), i);
    while (pool.engine.stats().idle == 0) std::this_thread::yield();
  }
  EXPECT_EQ(pool.engine.stats().threads_made, 1u);
}

TEST(lane, the_41st_job_waits_and_no_thread_is_made_for_it) {
  lane_pool pool;
  atomic<bool> go{false};
  atomic<int> running{0};
  auto blocks = [&] {
    running.fetch_add(1, relaxed);
    while (!go.load(relaxed)) std::this_thread::sleep_for(1ms);
  };
  std::vector<future<void>> all;
  for (int i = 0; i < 41; i++) all.push_back(pool.start(blocks));
  while (running.load(relaxed) < 40) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(pool.engine.stats().threads, 40u);
  EXPECT_EQ(pool.engine.stats().queued, 1u);
  EXPECT_EQ(running.load(relaxed), 40);
  go.store(true, relaxed);
  for (auto& f : all) f.get();
  EXPECT_EQ(running.load(relaxed), 41);
  EXPECT_EQ(pool.engine.stats().threads_made, 40u);
}

TEST(lane, idle_threads_end) {
  lane_pool pool({.idle_time = 10ms});
  pool.start([] {}).get();
  for (int i = 0; i < 1000 && pool.engine.stats().threads > 0; i++)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(pool.engine.stats().threads, 0u);
  EXPECT_EQ(pool.start([] { return 3; }).get(), 3);
}

// The idle time is about as long as the time between jobs, so that threads end just when a job is
// handed over.
TEST(lane, no_job_is_lost_when_a_thread_is_about_to_end) {
  for (auto idle : {0us, 1us, 20us, 60us, 100us}) {
    lane_pool pool({.most_threads = 2, .idle_time = idle});
    for (int i = 0; i < 300; i++) {
      ASSERT_EQ(pool.start([i] { return i; }).get(), i);
      if (i % 4 == 0) std::this_thread::sleep_for(idle);
    }
  }
}

TEST(lane, a_queued_job_that_is_cancelled_never_runs) {
  lane_pool pool({.most_threads = 1});
  atomic<bool> go{false};
  bool ran = false;
  auto first = pool.start([&] {
    while (!go.load(relaxed)) std::this_thread::yield();
  });
  auto second = pool.start([&] { ran = true; });
  second.cancel();
  EXPECT_THROW(second.get(), cancelled);
  go.store(true, relaxed);
  first.get();
  EXPECT_FALSE(ran);
}

TEST(lane, closing_with_cancel_asks_what_runs) {
  lane_pool pool({.most_threads = 2});
  std::vector<future<void>> all;
  for (int i = 0; i < 5; i++) all.push_back(pool.start([] { sleep_forever().get(); }));
  while (pool.engine.stats().jobs_run < 2) std::this_thread::sleep_for(1ms);
  pool.engine.close(close_mode::cancel);
  pool.engine.join();
  for (auto& f : all) EXPECT_THROW(f.get(), cancelled);
}

TEST(lane, closing_with_drain_runs_what_is_queued) {
  lane_pool pool({.most_threads = 1});
  atomic<int> ran{0};
  std::vector<future<void>> all;
  for (int i = 0; i < 50; i++) all.push_back(pool.start([&] { ran.fetch_add(1, relaxed); }));
  pool.engine.close(close_mode::drain);
  pool.engine.join();
  EXPECT_EQ(ran.load(relaxed), 50);
}

}  // namespace
}  // namespace kettle
