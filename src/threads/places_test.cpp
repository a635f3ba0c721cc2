#include <kettle/threads/on_thread.hpp>

#include <kettle/core/sleep.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include <errno.h>
#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

TEST(on_thread, runs_on_another_thread_and_gives_its_value) {
  auto where = [] { return std::this_thread::get_id(); };
  auto id = run([&]() -> task<std::thread::id> { co_return co_await on_thread(where); });
  EXPECT_NE(id, std::this_thread::get_id());
}

TEST(on_thread, works_without_a_loop) {
  EXPECT_EQ(on_thread([](int x) { return x + 1; }, 41).get(), 42);
  EXPECT_EQ(on_cores([](int x) { return x + 1; }, 41).get(), 42);
}

TEST(on_thread, throws_the_functions_error_as_itself) {
  auto fails = []() -> int { throw std::runtime_error("no"); };
  EXPECT_THROW(run([&]() -> task<int> { co_return co_await on_cores(fails); }), std::runtime_error);
}

TEST(on_thread, the_loop_goes_on_meanwhile) {
  int turns = 0;
  run([&](nursery& n) {
    auto f = [] { std::this_thread::sleep_for(30ms); };
    n.start(on_thread, f);
    n.start([&]() -> task<> {
      for (int i = 0; i < 5; i++, turns++) co_await sleep_for(1ms);
    });
  });
  EXPECT_EQ(turns, 5);
}

TEST(on_thread, virtual_time_waits_for_code_that_is_at_work) {
  std::string order;
  run(on_virtual_time, [&](nursery& n) {
    n.start(on_thread, [&] {
      std::this_thread::sleep_for(20ms);
      order += 'a';
    });
    n.start([&]() -> task<> {
      co_await sleep_for(1s);
      order += 'b';
    });
  });
  EXPECT_EQ(order, "ab");
}

TEST(on_thread, sleeps_on_the_runs_virtual_clock) {
  auto before = std::chrono::steady_clock::now();
  run(on_virtual_time, [&](nursery& n) {
    n.start(on_thread, [] { sleep_for(1h).get(); });
    n.start(on_cores, [] { sleep_for(2h).get(); });
  });
  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
}

TEST(on_thread, a_cancelled_wait_throws_and_the_nursery_waits_for_the_end) {
  bool cleaned = false;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    n.start(on_thread, [&] {
      try {
        sleep_forever().get();
      } catch (const cancelled&) {
        cleaned = true;
        throw;
      }
    });
    co_await sleep_for(1s);
    n.cancel();
  });
  EXPECT_TRUE(cleaned);
}

TEST(on_thread, cancelled_before_it_began_it_never_runs) {
  bool ran = false;
  run([&](nursery& n) {
    n.cancel();
    n.start(on_thread, [&] { ran = true; });
  });
  EXPECT_FALSE(ran);
}

TEST(on_thread, computing_code_asks_whether_it_is_cancelled) {
  std::atomic<bool> running{false};
  bool thrown = false;
  run([&](nursery& n) -> task<> {
    n.start(on_thread, [&] {
      running = true;
      try {
        for (;;) check_cancelled();
      } catch (const cancelled&) {
        thrown = true;
        throw;
      }
    });
    while (!running) co_await sleep_for(1ms);
    n.cancel();
  });
  EXPECT_TRUE(thrown);
}

TEST(on_thread, without_tags_the_result_of_a_cancelled_call_is_waited_for) {
  std::atomic<int> step{0};
  run([&](nursery& n) -> task<> {
    auto f = n.start(on_thread, [&] {
      step = 1;
      std::this_thread::sleep_for(20ms);
      step = 2;
      return 7;
    });
    while (step == 0) co_await sleep_for(1ms);
    f.cancel();
    EXPECT_EQ(co_await f, 7);  // it ended all the same: the value is given, not lost
  });
  EXPECT_EQ(step, 2);
}

TEST(on_thread, deadlines_reach_into_it) {
  bool done = true;
  run(on_virtual_time, [&]() -> task<> {
    done = co_await move_on_after(1s, on_thread([] { sleep_for(1h).get(); }));
  });
  EXPECT_FALSE(done);
}

TEST(on_thread, a_deadline_that_it_has_met_is_not_moved_any_more) {
  bool expired = false;
  std::atomic<bool> ended{false};
  run([&]() -> task<> {
    cancel_scope scope(clock::now() + 1ms);
    auto moves_too_late = [&](nursery& n) -> task<> {
      n.start(on_thread, [&] {
        try {
          sleep_forever().get();
        } catch (const cancelled&) {
          ended = true;
          throw;
        }
      });
      while (!ended) std::this_thread::yield();  // our loop looks at no timer meanwhile
      scope.deadline(never);
      co_await yield();
    };
    EXPECT_FALSE(co_await in_scope(scope, with_nursery(moves_too_late)));
    expired = scope.expired();
  });
  EXPECT_TRUE(expired);
}

TEST(on_thread, an_interruptible_system_call_is_interrupted) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  int error = 0;
  std::atomic<bool> running{false};
  run([&](nursery& n) -> task<> {
    n.start(interruptible, on_thread, [&] {
      running = true;
      char byte;
      if (read(ends[0], &byte, 1) < 0) error = errno;
      check_cancelled();
    });
    while (!running) co_await sleep_for(1ms);
    n.cancel();
  });
  EXPECT_EQ(error, EINTR);
  close(ends[0]);
  close(ends[1]);
}

TEST(on_thread, an_abandoned_call_is_not_waited_for_and_its_late_result_is_dropped) {
  auto running = std::make_shared<std::atomic<bool>>(false),
       go = std::make_shared<std::atomic<bool>>(false);
  auto ended = std::make_shared<std::atomic<bool>>(false);
  auto blocks = [running, go, ended] {
    *running = true;
    while (!*go) std::this_thread::sleep_for(1ms);
    *ended = true;
    return std::string("late");
  };
  run([&](nursery& n) -> task<> {
    n.start(abandon, on_thread, blocks);
    while (!*running) co_await sleep_for(1ms);
    n.cancel();
  });
  EXPECT_FALSE(*ended);  // the run is over, its lane too
  *go = true;
  while (!*ended) std::this_thread::sleep_for(1ms);
}

TEST(on_thread, an_abandonable_call_in_a_cancelled_or_closed_nursery_never_starts) {
  std::atomic<int> ran{0};
  auto count = [&ran] { ran++; };
  try {
    run([&](nursery& n) {
      n.cancel();
      n.start(abandon, on_thread, count);
      n.start(abandon, on_cores, count);
    });
  } catch (const cancelled&) {}
  nursery closed;
  auto outcome_of_late_start = [&]() -> task<std::string> {
    closed.begin([] {});
    co_await closed.join();
    closed.leave();
    std::string what;
    try {
      closed.start(abandon, on_thread, count);
    } catch (const usage_error& e) {
      what = e.what();
    }
    co_await on_thread([] {});  // the same lane: what was queued before has run
    co_return what;
  };
  EXPECT_EQ(run(outcome_of_late_start), "start: this nursery has closed");
  EXPECT_EQ(ran, 0);
}

TEST(on_thread, an_abandoned_call_that_is_not_cancelled_gives_its_value) {
  auto answer = [] { return 42; };
  int got = run([&](nursery& n) -> task<int> {
    auto f = n.start(abandon, on_thread, answer);
    co_return co_await f;
  });
  EXPECT_EQ(got, 42);
}

TEST(on_thread, a_thread_may_start_more_on_the_same_runs_lane) {
  int got = run([&]() -> task<int> {
    auto inner = [](int x) { return x * 2; };
    auto outer = [&](int x) { return on_thread(inner, x).get() + on_cores(inner, x).get(); };
    co_return co_await on_thread(outer, 10);
  });
  EXPECT_EQ(got, 40);
}

TEST(on_thread, cancelling_reaches_through_threads_within_threads) {
  int caught = 0;
  auto inner = [&] {
    try {
      sleep_forever().get();
    } catch (const cancelled&) {
      caught++;
      throw;
    }
  };
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto outer = [&inner] { on_thread(inner).get(); };
    n.start(on_thread, outer);
    co_await sleep_for(1s);
    n.cancel();
  });
  EXPECT_EQ(caught, 1);
}

TEST(on_thread, many_are_started_and_cancelled_at_random) {
  std::atomic<int> ran{0};
  int ended = 0;
  run([&](nursery& n) -> task<> {
    unsigned random = 1;
    for (int round = 0; round < 200; round++) {
      std::vector<future<void>> all;
      for (int i = 0; i < 10; i++) {
        auto body = [&] {
          ran++;
          yield().get();
        };
        all.push_back(i % 2 ? n.start(on_thread, body) : n.start(on_cores, body));
        random = random * 1664525u + 1013904223u;
        if (random >> 30 == 0) all[std::size_t(random >> 8) % all.size()].cancel();
      }
      for (auto& f : all) {
        try {
          co_await f;
        } catch (const cancelled&) {}
        ended++;
      }
    }
  });
  EXPECT_EQ(ended, 2000);
  EXPECT_LE(ran, 2000);
}

TEST(on_thread, starts_nothing_in_a_nursery_of_another_thread) {
  run([](nursery& n) -> task<> {
    auto intrudes = [&n] { EXPECT_THROW(n.start([]() -> task<> { co_return; }), usage_error); };
    co_await on_thread(intrudes);
  });
}

TEST(on_thread, may_ask_a_nursery_or_scope_of_another_thread_to_be_cancelled) {
  run([]() -> task<> {
    std::string why;
    auto body = [&why](nursery& n) -> task<> {
      n.start(on_thread, [&n] { n.cancel("from another thread"); });
      try {
        co_await sleep_forever();
      } catch (const cancelled& c) {
        why = c.reason;
      }
    };
    co_await with_nursery(body);
    EXPECT_EQ(why, "from another thread");

    cancel_scope s;
    auto cancels_and_sleeps = [&s](nursery& n) -> task<> {
      n.start(on_thread, [&s] { s.cancel(); });
      co_await sleep_forever();
    };
    EXPECT_FALSE(co_await in_scope(s, with_nursery(cancels_and_sleeps)));
    EXPECT_TRUE(s.caught());
  });
}

}  // namespace
}  // namespace kettle
