#include <kettle/core/outside_waker.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/sync/barrier.hpp>
#include <kettle/sync/mutex.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> hold(mutex& m, std::string& log, char name) {
  auto g = co_await m.lock();
  log += name;
  co_await sleep_for(1s);
  log += char(name - 'a' + 'A');
}

TEST(mutex, is_fair_to_those_who_waited_before) {
  mutex m;
  std::string log;
  run(on_virtual_time, [&](nursery& n) {
    n.start([&]() -> task<> {
      co_await hold(m, log, 'a');
      co_await hold(m, log, 'a');
    });
    for (char c : {'b', 'c'}) n.start(hold, std::ref(m), std::ref(log), c);
  });
  EXPECT_EQ(log, "aAbBcCaA");
}

TEST(mutex, locking_again_is_a_usage_error_and_no_deadlock) {
  mutex m;
  run([&]() -> task<> {
    auto g = co_await m.lock();
    EXPECT_THROW((void)co_await m.lock(), usage_error);
    EXPECT_THROW((void)m.try_lock(), usage_error);
    EXPECT_TRUE(m.is_locked());
  });
  EXPECT_FALSE(m.is_locked());
  auto g = m.lock().get();
  EXPECT_THROW((void)m.lock().get(), usage_error);
}

TEST(mutex, try_lock_never_waits) {
  mutex m;
  auto mine = m.try_lock();
  EXPECT_TRUE(mine);
  std::thread([&] { EXPECT_FALSE(m.try_lock()); }).join();
  mine.release();
  std::thread([&] { EXPECT_TRUE(m.try_lock()); }).join();
}

TEST(mutex, whose_owner_ended_is_broken_for_present_and_future_waiters) {
  mutex m;
  std::optional<mutex::guard> put_away;
  std::string told;
  run(on_virtual_time, [&](nursery& n) {
    n.start(name("careless"), [&]() -> task<> {
      put_away = co_await m.lock();
      co_await sleep_for(1s);
    });
    n.start([&]() -> task<> {
      try {
        auto g = co_await m.lock();
      } catch (broken_resource& e) {
        told = e.what();
      }
    });
  });
  EXPECT_EQ(told, "mutex: its owner, careless, ended without unlocking it");
  EXPECT_THROW((void)m.lock().get(), broken_resource);
  EXPECT_THROW((void)m.try_lock(), broken_resource);
  put_away.reset();  // harmless
  EXPECT_THROW((void)m.lock().get(), broken_resource);
}

TEST(mutex, the_same_when_the_owner_is_a_fiber_or_a_thread) {
  mutex fibers, threads;
  std::optional<mutex::guard> one, two;
  run([&](nursery& n) { n.start(name("green"), on_fiber, [&] { one = fibers.lock().get(); }); });
  std::thread([&] { two = threads.lock().get(); }).join();
  try {
    (void)fibers.lock().get();
    ADD_FAILURE();
  } catch (broken_resource& e) {
    EXPECT_EQ(std::string(e.what()), "mutex: its owner, green, ended without unlocking it");
  }
  EXPECT_THROW((void)threads.lock().get(), broken_resource);
}

TEST(mutex, several_held_by_one_task_are_told_apart) {
  mutex a, b, c;
  std::optional<mutex::guard> kept;
  run([&](nursery& n) {
    n.start([&]() -> task<> {
      auto ga = co_await a.lock();
      kept = co_await b.lock();
      auto gc = co_await c.lock();
      ga.release();
    });
  });
  EXPECT_TRUE(a.try_lock());
  EXPECT_TRUE(c.try_lock());
  EXPECT_THROW((void)b.try_lock(), broken_resource);
}

TEST(mutex, a_lock_granted_to_a_cancelled_wait_goes_to_the_next) {
  mutex m;
  std::string log;
  run(on_virtual_time, [&]() -> task<> {
    cancel_scope scope;
    co_await all(
        [&]() -> task<> {
          auto g = co_await m.lock();
          co_await sleep_for(1s);
          g.release();     // granted to b, which has not resumed
          scope.cancel();  // and now it will not
        },
        in_scope(scope, hold(m, log, 'b')), hold(m, log, 'c'));
  });
  EXPECT_EQ(log, "cC");
  EXPECT_FALSE(m.is_locked());
}

// Each takes the mutex with its number, and then the next one's; the first error of each.
std::string in_a_circle(std::size_t tasks, auto place, duration patience = duration::max()) {
  std::string said;
  std::vector<mutex> all(tasks);
  barrier each_has_one(tasks);
  auto take = [&](std::size_t i) {
    auto mine = all[i].lock().get();
    each_has_one.wait().get();
    try {
      auto next = fail_after(patience, all[(i + 1) % tasks].lock()).get();
    } catch (const deadlock_error& e) {
      said += e.what();
    } catch (const timeout_error&) {
      said += "late ";
    }
  };
  run([&](nursery& n) {
    // A timer goes on all the time: nobody else would ever see that they are stuck.
    n.start(as_service, [] { return sleep_for(1h); });
    for (std::size_t i = 0; i < tasks; i++)
      n.start(name("task " + std::to_string(i)), place, take, i);
  });
  return said;
}

TEST(mutex, given_back_by_a_cancelled_wait_leaves_what_its_former_owner_holds_alone) {
  mutex kept, passed_on;
  bool got = false;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    cancel_scope s;
    n.start([&]() -> task<> {
      auto k = co_await kept.lock();
      {
        auto p = co_await passed_on.lock();
        co_await sleep_for(1s);
      }
      s.cancel();  // who waited has it, and has not run yet
      co_await sleep_for(1s);
    });
    n.start([&]() -> task<> {
      co_await yield();
      auto waits = [&]() -> task<> { auto p = co_await passed_on.lock(); };
      EXPECT_FALSE(co_await in_scope(s, waits()));
    });
    n.start([&]() -> task<> {
      co_await yield();
      auto k = co_await kept.lock();
      got = true;
    });
    co_await sleep_for(5s);
  });
  EXPECT_TRUE(got);
  EXPECT_FALSE(passed_on.is_locked());
}

TEST(mutex, the_lock_that_closes_a_circle_of_waits_names_those_in_it) {
  for (std::size_t tasks : {2, 3, 7}) {
    for (const std::string& said : {in_a_circle(tasks, on_fiber), in_a_circle(tasks, on_thread)}) {
      EXPECT_EQ(said.find("mutex.lock: these tasks wait for each other for ever: task "), 0u);
      for (std::size_t i = 0; i < tasks; i++)
        EXPECT_NE(said.find("task " + std::to_string(i) + " ("), std::string::npos) << said;
      EXPECT_EQ(said.find("these tasks", 20), std::string::npos) << said;  // one of them, once
    }
  }
}

TEST(mutex, a_circle_with_a_deadline_in_it_is_none) {
  EXPECT_EQ(in_a_circle(2, on_fiber, 1ms).substr(0, 5), "late ");
}

TEST(mutex, may_be_released_by_another_task_of_the_same_thread) {
  mutex m;
  std::optional<mutex::guard> passed;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto g = co_await m.lock();
    passed.emplace(std::move(g));
    n.start([&m, &passed]() -> task<> {
      passed.reset();
      EXPECT_FALSE(m.is_locked());
      co_return;
    });
    co_await sleep_for(1s);
    EXPECT_TRUE(co_await move_on_after(1s, m.lock()));
  });
}

TEST(mutex_death, refuses_to_be_unlocked_on_another_thread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        mutex m;
        auto g = m.lock().get();
        std::thread([&] { g.release(); }).join();
      },
      "unlocked on the thread that locked it");
}

TEST(mutex, counts_right_between_threads_and_a_loop) {
  mutex m;
  long count = 0;
  auto work = [&] {
    for (int i = 0; i < 5'000; i++) {
      auto g = m.lock().get();
      count++;
    }
  };
  outside_waker threads_may_wake_us;
  std::thread a(work), b(work);
  run([&](nursery& n) {
    for (int t = 0; t < 2; t++) {
      n.start([&]() -> task<> {
        for (int i = 0; i < 5'000; i++) {
          auto g = co_await m.lock();
          count++;
        }
      });
    }
    n.start(on_fiber, work);
  });
  a.join();
  b.join();
  EXPECT_EQ(count, 25'000);
}

}  // namespace
}  // namespace kettle
