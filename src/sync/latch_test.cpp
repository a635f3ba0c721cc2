#include <kettle/core/sleep.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/latch.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

TEST(latch, opens_at_zero_and_stays_open) {
  latch l(2);
  run({.time = time_kind::virtual_time}, [&]() -> task<> {
    l.count_down();
    EXPECT_EQ(l.count(), 1u);
    EXPECT_FALSE(co_await move_on_after(1s, l.wait()));
    EXPECT_FALSE(l.is_open());
    l.count_down();
    co_await l.wait();
    co_await l.wait();
    EXPECT_TRUE(l.is_open());
  });
  EXPECT_THROW(l.count_down(), usage_error);
  EXPECT_TRUE(latch(0).is_open());
}

TEST(latch, shows_what_each_thread_did_before_it_counted) {
  std::vector<int> done(4);
  latch l(done.size());
  std::vector<std::thread> threads;
  for (int& d : done) threads.emplace_back([&] { d = 1, l.count_down(); });
  l.wait().get();
  EXPECT_EQ(done, std::vector<int>({1, 1, 1, 1}));
  for (auto& t : threads) t.join();
}

}  // namespace
}  // namespace kettle
