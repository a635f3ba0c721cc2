#include <kettle/core/tasks.hpp>

#include "core/home.hpp"
#include "core/tasks.hpp"
#include "sys/thread.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

std::string my_name() { return std::string(current_task().name); }
task<std::string> my_name_later() { co_return my_name(); }
// Everybody has the time to answer, however busy the machine is.
std::string dumped() {
  std::string text;
  dump_patiently(text, 1min);
  return text;
}
::testing::AssertionResult says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no '" << part << "' in:\n" << text;
}

TEST(tasks, a_name_is_copied) {
  std::string seen, after;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    std::string id = "request with a long number 17";
    auto look = [&]() -> task<> {
      seen = my_name();
      co_await yield();
      after = my_name();
    };
    n.start(name(id), look);
    id.assign(id.size(), 'x');
    co_await sleep_for(1s);
  });
  EXPECT_EQ(seen, "request with a long number 17");
  EXPECT_EQ(after, seen);
}

TEST(tasks, what_runs_for_a_task_has_its_name_and_number) {
  std::string names;
  std::uint64_t mine = 0, in_all = 0, on_a_thread = 0, child = 0;
  run([&](nursery& n) -> task<> {
    auto handle = [&](nursery& m) -> task<> {
      mine = current_task().id;
      auto note = [&](std::uint64_t& id) -> task<std::string> {
        id = current_task().id;
        co_return my_name();
      };
      std::uint64_t other = 0;
      auto [a, b] = co_await all(note(in_all), note(other));
      names = a + " " + b + " " + co_await race(my_name_later(), my_name_later());
      auto there = [&] {
        on_a_thread = current_task().id;
        return my_name();
      };
      names += " " + co_await on_thread(there);
      names += " " + co_await on_fiber(my_name);
      auto own = [&]() -> task<> {
        child = current_task().id;
        names += my_name();
        co_return;
      };
      auto f = m.start(own);
      co_await f;
    };
    auto f = n.start(name("r17"), handle, std::ref(n));
    co_await f;
  });
  EXPECT_EQ(names, "r17 r17 r17 r17 r17");
  EXPECT_EQ(in_all, mine);
  EXPECT_EQ(on_a_thread, mine);
  EXPECT_NE(child, mine);  // it was started: a task of its own
}

TEST(tasks, a_number_stays_the_same) {
  task_info first = current_task();
  EXPECT_EQ(first.name, "");
  EXPECT_EQ(current_task().id, first.id);
  std::uint64_t there = 0, again = 0;
  std::thread([&] { there = current_task().id, again = current_task().id; }).join();
  EXPECT_EQ(there, again);
  EXPECT_NE(there, first.id);
}

TEST(tasks, the_system_shows_the_name_while_a_thread_runs_it) {
  std::string before, during, after, of_root;
  auto shown = [](std::string& to) { return [&to] { to = sys::thread_name().text; }; };
  run([&](nursery& n) -> task<> {
    co_await on_thread(shown(of_root));
    auto a = n.start(on_thread, shown(before));
    co_await a;
    auto b = n.start(name("encode a long film"), on_thread, shown(during));
    co_await b;
    auto c = n.start(on_thread, shown(after));
    co_await c;
  });
  EXPECT_EQ(during, "encode a long f");
  EXPECT_EQ(after, before);
  EXPECT_EQ(of_root, before);  // run named it, not the program
}

TEST(tasks, a_worker_process_knows_the_name) {
  auto both = [] { return my_name() + " " + std::to_string(current_task().id); };
  auto shown = [] { return std::string(sys::thread_name().text); };
  std::string here, there, before, during, after;
  process_pool pool({.workers = 1});
  run([&](nursery& n) -> task<> {
    auto a = n.start(pool, shown);
    before = co_await a;
    auto handle = [&]() -> task<> {
      here = both();
      there = co_await pool(both);
      during = co_await pool(shown);
    };
    auto b = n.start(name("r17"), handle);
    co_await b;
    auto c = n.start(pool, shown);
    after = co_await c;
  });
  EXPECT_EQ(there, here);
  EXPECT_EQ(during, "r17");
  EXPECT_EQ(after, before);
}

TEST(tasks, a_reason_is_copied_and_travels_to_threads) {
  std::string on_loop, there;
  auto wait = [](std::string& told) {
    try {
      sleep_forever().get();
    } catch (const cancelled& c) {
      told = c.reason;
      throw;
    }
  };
  run([&](nursery& n) -> task<> {
    latch begun(2);
    co_await with_nursery([&](nursery& m) -> task<> {
      m.start(on_fiber, [&] {
        begun.count_down();
        wait(on_loop);
      });
      m.start(on_thread, [&] {
        begun.count_down();
        wait(there);
      });
      co_await begun.wait();
      std::string why = "the peer at 10.0.0.17 has gone";
      m.cancel(why);
      why.assign(why.size(), 'x');
    });
    (void)n;
  });
  EXPECT_EQ(on_loop, "the peer at 10.0.0.17 has gone");
  EXPECT_EQ(there, on_loop);
}

TEST(tasks, a_dump_tells_who_waits_for_what_where_and_why_it_ends) {
  std::string text;
  int locked_at = 0;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    mutex db;
    co_await with_nursery([&](nursery& m) -> task<> {
      auto hold = [&]() -> task<> {
        auto g = co_await db.lock();
        co_await shielded(1h, sleep_for(5s));
      };
      auto want = [&]() -> task<> {
        locked_at = __LINE__ + 1;
        auto g = co_await db.lock();
      };
      m.start(name("db-holder"), hold);
      co_await yield();
      m.start(name("db-wanter"), want);
      co_await sleep_for(1s);
      text = dumped();
      m.cancel("enough");
      text += dumped();
    });
    (void)n;
  });
  EXPECT_TRUE(says(text,
                   "db-wanter (coroutine) waits for mutex.lock, held by db-holder "
                   "(coroutine) at tasks_test.cpp:" +
                       std::to_string(locked_at) + "\n"));
  EXPECT_TRUE(says(text, "db-holder (coroutine) waits for sleep at tasks_test.cpp:"));
  EXPECT_TRUE(says(text, ", cancelled: enough\n"));
  EXPECT_TRUE(says(text, ", shielded from a cancellation: enough\n"));
  EXPECT_TRUE(says(text, "thread " + std::to_string(sys::thread_id()) + ":\n"));
}

TEST(tasks, a_task_without_a_name_is_known_by_its_function) {
  std::string text;
  struct brewing {
    task<> operator()() { co_await sleep_for(1s); }
  };
  run(on_virtual_time, [&](nursery& n) -> task<> {
    n.start(brewing{});
    co_await yield();
    text = dumped();
  });
  EXPECT_TRUE(says(text, "brewing (coroutine) waits for sleep"));
}

TEST(tasks, the_place_of_a_task_is_shown) {
  std::string text;
  process_pool pool({.workers = 1});
  run([&](nursery& n) -> task<> {
    auto f = n.start(name("far away"), pool, [] { sleep_forever().get(); });
    text = dumped();
    f.cancel();
    co_return;
  });
  EXPECT_TRUE(says(text, "far away (process) waits for a worker process\n"));
}

TEST(tasks, nobody_waits_for_a_pools_own_thread_that_sleeps) {
  process_pool pool({.workers = 1});
  event called;
  pool.start([] {}).on_done([&](outcome<void>) { called.set(); });  // that thread has a loop now
  called.wait().get();
  EXPECT_EQ(dumped().find("no answer"), std::string::npos);
}

TEST(tasks, a_name_with_line_ends_stays_one_line) {
  std::string text;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    n.start(name("two\nlines"), [] { return sleep_for(1s); });
    co_await yield();
    text = dumped();
  });
  EXPECT_TRUE(says(text, "two?lines (coroutine) waits"));
}

TEST(tasks, a_thread_that_kettle_does_not_know_can_ask) {
  std::string text;
  bool has_home = true;
  run([&]() -> task<> {
    outside_waker someone;
    event done;
    std::thread stranger([&] {
      text = dumped();
      has_home = tls.at != nullptr;
      done.set();
    });
    auto wait = [&]() -> task<> { co_await done.wait(); };
    co_await with_nursery([&](nursery& n) { n.start(name("waits for the stranger"), wait); });
    stranger.join();
  });
  EXPECT_TRUE(
      says(text, "waits for the stranger (coroutine) waits for event.wait at tasks_test.cpp:"));
  EXPECT_TRUE(says(text, "thread " + std::to_string(sys::thread_id()) + ":\n"));
}

TEST(tasks, a_thread_that_does_not_answer_is_named_with_what_it_runs) {
  std::string text;
  int thread = 0;
  std::atomic<bool> go{false};
  event begun;
  run([&](nursery& n) -> task<> {
    auto encode = [&] {
      thread = sys::thread_id();
      begun.set();
      go.wait(false);
    };
    auto f = n.start(name("encode"), on_thread, encode);
    co_await begun.wait();
    dump_tasks(text);
    go = true;
    go.notify_all();
    co_await f;
  });
  std::string number = std::to_string(thread);
  EXPECT_TRUE(says(text, "thread " + number + ": no answer for 100 ms; it "));
  EXPECT_TRUE(says(text, ", in task encode\n"));
  EXPECT_TRUE(says(text, "encode (thread) runs on thread " + number + "\n"));
}

TEST(tasks, a_thread_that_waits_for_work_need_not_answer) {
  std::string text;
  run([&]() -> task<> {
    co_await on_thread([] {});
    text = dumped();
  });
  EXPECT_TRUE(says(text, "1 threads wait for work\n"));
  EXPECT_FALSE(says(text, "no answer"));
}

TEST(tasks, two_that_ask_at_the_same_time_answer_each_other) {
  std::string here, there;
  barrier both(2);
  run([&](nursery& n) -> task<> {
    auto ask = [&] {
      both.wait().get();
      there = dumped();
    };
    auto f = n.start(name("asks there"), on_thread, ask);
    auto g = n.start(name("asks here"), on_fiber, [&] {
      both.wait().get();
      here = dumped();
    });
    co_await g;
    co_await f;
  });
  EXPECT_FALSE(says(here, "no answer"));
  EXPECT_FALSE(says(there, "no answer"));
  EXPECT_TRUE(says(here, "asks here (fiber) runs"));
  EXPECT_TRUE(says(there, "asks there (thread) runs"));
}

TEST(tasks, a_dump_is_linear_in_the_tasks) {
  auto lines_of = [](std::size_t children) {
    std::string text;
    run(on_virtual_time, [&](nursery& n) -> task<> {
      for (std::size_t i = 0; i < children; i++)
        n.start(name("one of many"), [] { return sleep_for(1s); });
      co_await yield();
      text = dumped();
    });
    EXPECT_LT(text.size(), (children + 10) * 120);
    return std::size_t(std::count(text.begin(), text.end(), '\n'));
  };
  std::size_t few = lines_of(1000), many = lines_of(100'000);
  EXPECT_EQ(many - few, 99'000u);
}

}  // namespace
}  // namespace kettle
