#include <kettle/core/sleep.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

TEST(sleep, ten_of_an_hour_take_no_time_on_the_virtual_clock) {
  auto before = std::chrono::steady_clock::now();
  run_virtual([](nursery& n) {
    for (int i = 0; i < 10; i++) n.start(sleep_for, 1h);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);  // generous: the machine may be busy
}

TEST(sleep, equal_times_wake_in_the_order_in_which_they_slept) {
  lines seen;
  run_virtual([&](nursery& n) {
    auto sleeper = [&](std::string who) -> task<> {
      co_await sleep_for(1s);
      seen.push_back(who);
    };
    for (const char* who : {"a", "b", "c"}) n.start(sleeper, std::string(who));
  });
  EXPECT_EQ(seen, (lines{"a", "b", "c"}));
}

TEST(sleep, for_zero_and_yield_let_everybody_else_run_once) {
  lines seen;
  run_virtual([&](nursery& n) -> task<> {
    auto other = [&]() -> task<> {
      seen.push_back("other");
      co_await yield();
      seen.push_back("other again");
    };
    n.start(other);
    seen.push_back("first");
    co_await sleep_for(0s);
    seen.push_back("second");
    co_await yield();
    seen.push_back("third");
  });
  EXPECT_EQ(seen, (lines{"first", "other", "second", "other again", "third"}));
}

TEST(sleep, until_a_time_that_has_passed_ends_at_once) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    co_await sleep_until(start - 1s);
    EXPECT_EQ(clock::now(), start);
  });
}

TEST(sleep, counts_from_the_moment_it_is_awaited) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    auto nap = sleep_for(1s);
    co_await sleep_for(2s);
    co_await nap;
    EXPECT_EQ(clock::now() - start, 3s);
  });
}

TEST(sleep, works_in_a_plain_thread_without_a_loop) {
  time_point start = clock::now();
  sleep_for(2ms).get();
  EXPECT_GE(clock::now() - start, 2ms);
  EXPECT_FALSE(move_on_after(1ms, sleep_forever()).get());
}

TEST(sleep, a_loop_that_swallows_cancelled_starves_nobody) {
  int swallowed = 0;
  bool other_ran = false;
  run_virtual([&](nursery& n) -> task<> {
    auto other = [&]() -> task<> {
      other_ran = true;
      co_return;
    };
    auto stubborn = [&]() -> task<> {
      while (!other_ran) {
        try {
          co_await sleep_forever();
        } catch (const cancelled&) {
          swallowed++;
        }
      }
    };
    cancel_scope s;
    s.cancel();
    n.start(other);
    co_await in_scope(s, stubborn);
  });
  EXPECT_EQ(swallowed, 1);
}

TEST(yield, lets_mail_in_while_somebody_is_always_ready) {
  run([](nursery& n) -> task<> {
    bool heard = false;
    auto gives_way = [&]() -> task<> {
      while (!heard) co_await yield();
    };
    n.start(gives_way);
    n.start(gives_way);
    co_await on_thread([] {});
    heard = true;
  });
}

}  // namespace
}  // namespace kettle
