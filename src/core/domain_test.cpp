// One clock and one busy count for several homes.

#include "core/domain.hpp"

#include <kettle/kettle.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

TEST(domain, homes_of_one_run_share_its_virtual_clock) {
  run_virtual([](nursery& n) -> task<> {
    time_point start = clock::now();
    auto sleeps = [](int seconds) {
      sleep_for(seconds * 1s).get();
      return clock::now();
    };
    auto a = n.start(on_thread, sleeps, 3600);
    auto b = n.start(on_thread, sleeps, 1800);
    co_await sleep_for(900s);
    EXPECT_EQ(clock::now() - start, 900s);
    EXPECT_EQ(co_await a - start, 3600s);
    EXPECT_EQ(co_await b - start, 1800s);
  });
}

TEST(domain, the_clock_stands_while_a_thread_is_in_ordinary_code) {
  run_virtual([](nursery& n) -> task<> {
    time_point start = clock::now();
    auto blocks = [] {
      std::this_thread::sleep_for(10ms);
      return clock::now();
    };
    auto f = n.start(on_thread, blocks);
    n.start(as_service, [] { return sleep_for(1h); });
    EXPECT_EQ(co_await f - start, 0s);
  });
}

TEST(domain, a_deadlock_over_two_homes_is_found) {
  auto stuck = [] { sleep_forever().get(); };
  EXPECT_THROW(run_virtual([&](nursery& n) { n.start(on_thread, stuck); }), deadlock_error);
  EXPECT_THROW(run([&](nursery& n) { n.start(on_thread, stuck); }), deadlock_error);
}

TEST(domain, a_thread_in_ordinary_code_is_no_deadlock) {
  int got = run([](nursery& n) -> task<int> {
    auto blocks = [] {
      std::this_thread::sleep_for(10ms);
      return 7;
    };
    auto f = n.start(on_thread, blocks);
    co_return co_await f;
  });
  EXPECT_EQ(got, 7);
}

}  // namespace
}  // namespace kettle
