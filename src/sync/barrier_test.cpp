#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/barrier.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> meet(barrier& b, std::vector<std::size_t>& ranks, duration late, int times = 1) {
  co_await sleep_for(late);
  for (int i = 0; i < times; i++) ranks.push_back(co_await b.wait());
}

TEST(barrier, gives_ranks_in_order_of_arrival_again_and_again) {
  barrier b(3);
  std::vector<std::size_t> ranks;
  run(on_virtual_time, [&](nursery& n) {
    for (duration late : {1s, 2s, 3s}) n.start(meet, std::ref(b), std::ref(ranks), late, 2);
  });
  ASSERT_EQ(ranks.size(), 6u);
  std::vector<int> seen(3);
  for (std::size_t r : ranks) seen.at(r)++;
  EXPECT_EQ(seen, std::vector<int>({2, 2, 2}));
}

TEST(barrier, a_cancelled_waiter_breaks_it_for_all) {
  barrier b(3);
  run(on_virtual_time, [&]() -> task<> {
    auto patient = [&]() -> task<> { (void)co_await b.wait(); };
    auto outcomes = co_await all(as_outcome(patient()), move_on_after(1s, b.wait()));
    EXPECT_TRUE(std::get<0>(outcomes).error_as<broken_resource>());
    EXPECT_FALSE(std::get<1>(outcomes));
    EXPECT_TRUE(b.broken());
    EXPECT_THROW((void)co_await b.wait(), broken_resource);
    b.reset();
    std::vector<std::size_t> ranks;
    co_await all(meet(b, ranks, 0s), meet(b, ranks, 1s), meet(b, ranks, 2s));
    EXPECT_EQ(ranks.size(), 3u);
  });
}

TEST(barrier, abort_and_reset_tell_those_who_wait) {
  barrier b(3);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto first = n.start(as_outcome, [&] { return b.wait(); });
    co_await sleep_for(1s);
    b.reset();
    auto x = n.start([&] { return b.wait(); });  // a new generation passes while the old drains
    auto y = n.start([&] { return b.wait(); });
    co_await sleep_for(0s);
    EXPECT_EQ(co_await b.wait(), 2u);
    EXPECT_EQ(co_await x, 0u);
    EXPECT_EQ(co_await y, 1u);
    auto gone = co_await first;
    EXPECT_TRUE(gone.error_as<broken_resource>());

    auto second = n.start(as_outcome, [&] { return b.wait(); });
    co_await sleep_for(1s);
    EXPECT_EQ(b.waiting(), 1u);
    b.abort();
    gone = co_await second;
    EXPECT_TRUE(gone.error_as<broken_resource>());
    EXPECT_THROW((void)co_await b.wait(), broken_resource);
  });
}

TEST(barrier, cancelling_everybody_is_no_error) {
  barrier b(4);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (int i = 0; i < 3; i++) n.start([&] { return b.wait(); });
    co_await sleep_for(1s);
    n.cancel();
  });
}

TEST(barrier, keeps_threads_in_step) {
  barrier b(3);
  std::vector<int> step(3);
  auto walk = [&](int me) {
    for (int i = 1; i <= 200; i++) {
      step[me] = i;
      (void)b.wait().get();
      for (int s : step) EXPECT_EQ(s, i);
      (void)b.wait().get();
    }
  };
  std::thread one(walk, 1), two(walk, 2);
  walk(0);
  one.join();
  two.join();
}

}  // namespace
}  // namespace kettle
