#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/semaphore.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> enter(semaphore& s, std::string& log, char name, duration stay = 1s) {
  auto permit = co_await s.acquire();
  log += name;
  co_await sleep_for(stay);
  log += char(name - 'a' + 'A');
}

TEST(semaphore, lets_so_many_in_and_the_rest_in_order) {
  semaphore s(2);
  std::string log;
  run(on_virtual_time, [&](nursery& n) {
    for (char c : {'a', 'b', 'c', 'd'}) n.start(enter, std::ref(s), std::ref(log), c, 1s);
  });
  EXPECT_EQ(log, "abABcdCD");
  EXPECT_EQ(s.available(), 2u);
}

TEST(semaphore, who_gives_back_and_comes_again_comes_after_those_who_wait) {
  semaphore s(1);
  std::string log;
  run(on_virtual_time, [&](nursery& n) {
    n.start([&]() -> task<> {
      for (int i = 0; i < 2; i++) co_await enter(s, log, 'a');
    });
    n.start([&]() -> task<> { co_await enter(s, log, 'b'); });
  });
  EXPECT_EQ(log, "aAbBaA");
}

TEST(semaphore, try_acquire_never_waits) {
  semaphore s(1);
  auto first = s.try_acquire();
  EXPECT_TRUE(first);
  EXPECT_FALSE(s.try_acquire());
  first.release();
  EXPECT_TRUE(s.try_acquire());  // gives it back at once
  EXPECT_EQ(s.available(), 1u);
  s.release(2);
  EXPECT_EQ(s.available(), 3u);
  s.try_acquire().keep();
  EXPECT_EQ(s.available(), 2u);
}

TEST(semaphore, a_permit_granted_to_a_cancelled_wait_goes_to_the_next) {
  semaphore s(0);
  std::string log;
  run(on_virtual_time, [&]() -> task<> {
    cancel_scope scope;
    co_await all(in_scope(scope, enter(s, log, 'a')), enter(s, log, 'b'), [&]() -> task<> {
      co_await sleep_for(1s);
      s.release();     // granted to a, which has not resumed
      scope.cancel();  // and now it will not
    });
  });
  EXPECT_EQ(log, "bB");
  EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, a_cancelled_wait_takes_nothing) {
  semaphore s(0);
  run(on_virtual_time, [&]() -> task<> {
    EXPECT_FALSE(co_await move_on_after(1s, s.acquire()));
    s.release();
    EXPECT_EQ(s.available(), 1u);
    EXPECT_TRUE(co_await move_on_after(1s, s.acquire()));
  });
}

TEST(semaphore, is_given_from_thread_to_thread) {
  semaphore s(2);
  auto goes_in_and_out = [&] {
    for (int i = 0; i < 1000; i++) auto permit = s.acquire().get();
  };
  std::thread other(goes_in_and_out);
  goes_in_and_out();
  other.join();
  EXPECT_EQ(s.available(), 2u);
}

}  // namespace
}  // namespace kettle
