#include <kettle/core/outside_waker.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/sync/event.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> note_when(event& e, std::string& log, char name) {
  co_await e.wait();
  log += name;
}

TEST(event, wakes_waiters_in_arrival_order) {
  event e;
  std::string log;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (char c : {'a', 'b', 'c'}) n.start(note_when, std::ref(e), std::ref(log), c);
    co_await sleep_for(1s);
    EXPECT_EQ(log, "");
    EXPECT_FALSE(e.is_set());
    e.set();
    co_await sleep_for(1s);
    EXPECT_EQ(log, "abc");
    co_await e.wait();  // at once
    e.clear();
    EXPECT_FALSE(co_await move_on_after(1s, e.wait()));
  });
}

TEST(event, a_wait_granted_and_then_cancelled_returns_and_the_next_one_throws) {
  event e;
  run(on_virtual_time, [&]() -> task<> {
    bool returned = false, passed = false;
    cancel_scope scope;
    co_await all(in_scope(scope,
                          [&]() -> task<> {
                            co_await e.wait();
                            returned = true;
                            co_await e.wait();
                            passed = true;
                          }),
                 [&]() -> task<> {
                   co_await sleep_for(1s);
                   e.set();
                   scope.cancel();
                 });
    EXPECT_TRUE(returned);
    EXPECT_FALSE(passed);
    EXPECT_TRUE(scope.caught());
  });
}

TEST(event, the_same_from_a_thread_a_fiber_and_a_coroutine) {
  event here, there, done;
  outside_waker thread_below;
  std::thread other([&] {
    here.wait().get();
    there.set();
  });
  run([&](nursery& n) -> task<> {
    n.start(on_fiber, [&] {
      there.wait().get();
      done.set();
    });
    co_await sleep_for(1ms);
    here.set();
    co_await done.wait();
  });
  other.join();
}

TEST(event, may_be_destroyed_by_whom_it_woke) {
  for (int i = 0; i < 2000; i++) {
    auto e = std::make_unique<event>();
    std::thread setter([&e = *e] { e.set(); });
    e->wait().get();
    e.reset();
    setter.join();
  }
}

}  // namespace
}  // namespace kettle
