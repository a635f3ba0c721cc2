#include <kettle/core/outside_waker.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/condition.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

struct shared {
  mutex m;
  condition changed;
  std::string log;
};

task<> wait_once(shared& s, char name) {
  auto g = co_await s.m.lock();
  co_await s.changed.wait(g);
  EXPECT_TRUE(g);
  EXPECT_TRUE(s.m.is_locked());
  s.log += name;
}

TEST(condition, notifies_one_after_the_other_in_arrival_order) {
  shared s;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (char c : {'a', 'b', 'c', 'd'}) n.start(wait_once, std::ref(s), c);
    co_await sleep_for(1s);
    s.changed.notify_one();
    co_await sleep_for(1s);
    EXPECT_EQ(s.log, "a");
    {
      auto g = co_await s.m.lock();
      s.changed.notify_all();
      co_await sleep_for(1s);
      EXPECT_EQ(s.log, "a");  // they have to wait for the mutex
    }
    co_await sleep_for(1s);
    EXPECT_EQ(s.log, "abcd");
    s.changed.notify_one();  // nobody: lost
  });
}

TEST(condition, a_cancelled_wait_holds_the_mutex_again) {
  shared s;
  run(on_virtual_time, [&]() -> task<> {
    bool held = false;
    auto waiter = [&]() -> task<> {
      auto g = co_await s.m.lock();
      try {
        co_await s.changed.wait(g);
      } catch (const cancelled&) {
        held = g && s.m.is_locked();
        throw;
      }
    };
    co_await all(move_on_after(1s, waiter()), [&]() -> task<> {
      co_await sleep_for(500ms);
      auto g = co_await s.m.lock();
      co_await sleep_for(2s);  // the cancelled one waits for this
      EXPECT_FALSE(held);
    });
    EXPECT_TRUE(held);
    EXPECT_FALSE(s.m.is_locked());
    co_await all(wait_once(s, 'x'), [&]() -> task<> {  // and its place in the list is gone
      co_await sleep_for(1s);
      s.changed.notify_one();
    });
    EXPECT_EQ(s.log, "x");
  });
}

TEST(condition, a_notified_wait_that_is_cancelled_passes_the_notification_on) {
  for (bool mutex_free : {true, false}) {
    shared s;
    run(on_virtual_time, [&]() -> task<> {
      cancel_scope scope;
      co_await all(in_scope(scope, wait_once(s, 'a')), wait_once(s, 'b'), [&]() -> task<> {
        co_await sleep_for(1s);
        mutex::guard g;
        if (!mutex_free) g = co_await s.m.lock();
        s.changed.notify_one();  // a
        scope.cancel();
        co_await sleep_for(1s);
      });
    });
    EXPECT_EQ(s.log, "b");
  }
}

TEST(condition, refuses_a_guard_that_does_not_hold) {
  shared s;
  run([&]() -> task<> {
    mutex::guard none;
    EXPECT_THROW(co_await s.changed.wait(none), usage_error);
  });
}

TEST(condition, in_a_cancelled_scope_throws_with_the_mutex_held) {
  shared s;
  run([&]() -> task<> {
    cancel_scope scope;
    co_await in_scope(scope, [&]() -> task<> {
      auto g = co_await s.m.lock();
      scope.cancel();
      EXPECT_THROW(co_await s.changed.wait(g), cancelled);
      EXPECT_TRUE(s.m.is_locked());
    });
    EXPECT_FALSE(s.m.is_locked());
  });
}

TEST(condition, carries_a_thousand_items_between_threads) {
  shared s;
  int items = 0, taken = 0;
  outside_waker maker_may_wake_us;
  std::thread maker([&] {
    for (int i = 0; i < 1000; i++) {
      auto g = s.m.lock().get();
      while (items == 3) s.changed.wait(g).get();
      items++;
      s.changed.notify_all();
    }
  });
  run([&]() -> task<> {
    while (taken < 1000) {
      auto g = co_await s.m.lock();
      while (items == 0) co_await s.changed.wait(g);
      items--, taken++;
      s.changed.notify_all();
    }
  });
  maker.join();
  EXPECT_EQ(items, 0);
}

}  // namespace
}  // namespace kettle
