// Jobs that wait because every thread of their pool is taken: the run's clock and its deadlock
// check behave as if they were not there, until a thread is free.

#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/event.hpp>
#include <kettle/threads/on_thread.hpp>
#include <kettle/threads/thread_pool.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

void sleep_an_hour() { sleep_for(1h).get(); }
void sleep_on() { sleep_forever().get(); }

// How long `jobs` sleepers of an hour take at `place`.
template <class Place> duration hours_of(const Place& place, std::size_t jobs) {
  return run(on_virtual_time, [&]() -> task<duration> {
    time_point start = clock::now();
    auto all = [&](nursery& n) {
      for (std::size_t i = 0; i < jobs; i++) n.start(place, sleep_an_hour);
    };
    co_await with_nursery(all);
    co_return clock::now() - start;
  });
}

TEST(full_pool, virtual_time_jumps_while_jobs_wait_for_a_thread) {
  thread_pool pool({.workers = 1});
  EXPECT_EQ(hours_of(pool, 1), 1h);
  EXPECT_EQ(hours_of(pool, 3), 3h);
  EXPECT_EQ(hours_of(on_cores, on_cores.width() * 2 + 1), 3h);
  EXPECT_EQ(hours_of(on_thread, on_thread.width() + 1), 2h);
}

TEST(full_pool, jobs_begin_one_by_one_at_the_right_time) {
  thread_pool pool({.workers = 1});
  for (int round = 0; round < 50; round++) EXPECT_EQ(hours_of(pool, 20), 20h);
}

TEST(full_pool, a_deadlock_behind_it_is_found) {
  thread_pool pool({.workers = 1});
  auto stuck = [&](nursery& n) {
    n.start(pool, sleep_on);
    n.start(pool, sleep_on);
  };
  EXPECT_THROW(run(on_virtual_time, stuck), deadlock_error);
  EXPECT_THROW(run(stuck), deadlock_error);
}

TEST(full_pool, a_deadlock_tells_who_waits_for_a_thread) {
  thread_pool pool({.workers = 1});
  auto stuck = [&](nursery& n) {
    event opened;
    auto waits = [&] { opened.wait().get(); };
    auto opens = [&] { opened.set(); };
    auto inner = [&](nursery& m) {
      m.start(pool, waits);
      m.start(pool, opens);
    };
    with_nursery(inner).get();
    (void)n;
  };
  try {
    run(stuck);
    FAIL();
  } catch (const deadlock_error& e) {
    EXPECT_NE(std::string(e.what()).find("waits for a free thread"), std::string::npos) << e.what();
  }
}

TEST(full_pool, its_own_run_may_free_a_thread_later) {
  thread_pool pool({.workers = 1});
  event opened;
  bool ran = false;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    n.start(pool, [&] { opened.wait().get(); });
    n.start(pool, [&] { ran = true; });
    co_await sleep_for(1h);
    EXPECT_FALSE(ran);
    opened.set();
  });
  EXPECT_TRUE(ran);
}

TEST(full_pool, time_stands_while_a_thread_works_for_somebody_else) {
  thread_pool pool({.workers = 1});
  auto other = pool.start([] { std::this_thread::sleep_for(20ms); });
  run(on_virtual_time, [&](nursery& n) -> task<> {
    time_point start = clock::now();
    auto begun = n.start(pool, [] { return clock::now(); });
    n.start(as_service, [] { return sleep_for(1h); });
    EXPECT_EQ(co_await begun - start, 0s);
  });
  other.get();
}

TEST(full_pool, a_deadline_takes_back_what_waits) {
  thread_pool pool({.workers = 1});
  run(on_virtual_time, [&]() -> task<> {
    time_point start = clock::now();
    auto stuck = [&](nursery& n) {
      for (int i = 0; i < 3; i++) n.start(pool, sleep_on);
    };
    EXPECT_FALSE(co_await move_on_after(1h, with_nursery(stuck)));
    EXPECT_EQ(clock::now() - start, 1h);
  });
}

TEST(full_pool, a_job_that_waits_for_its_own_children_there_runs_them) {
  thread_pool pool({.workers = 1});
  auto outer = [&] {
    auto two = [&](nursery& n) {
      n.start(pool, sleep_an_hour);
      n.start(pool, sleep_an_hour);
    };
    with_nursery(two).get();
  };
  duration took = run(on_virtual_time, [&]() -> task<duration> {
    time_point start = clock::now();
    co_await pool(outer);
    co_return clock::now() - start;
  });
  EXPECT_EQ(took, 2h);
}

TEST(full_pool, two_runs_that_share_it_each_keep_their_own_time) {
  thread_pool pool({.workers = 1});
  auto five = [&] { EXPECT_EQ(hours_of(pool, 5), 5h); };
  for (int round = 0; round < 20; round++) {
    std::thread other(five);
    five();
    other.join();
  }
}

// The worker runs one job of its pool on top of another one's wait. What the lower one waits for
// may need the upper one to go on, so it is not run on top of that.
TEST(full_pool, who_helps_runs_only_what_the_upper_job_waits_for) {
  thread_pool pool({.workers = 1});
  bool all_ended = false;
  auto lower = [&] {
    event upper_went_on;
    auto children = [&](nursery& n) {
      n.start([&]() -> task<> {
        auto needs_it = n.start(pool, [&] { upper_went_on.wait().get(); });
        co_await needs_it;
      });
      auto upper = n.start(pool, [&] {
        sleep_for(1ms).get();  // the task above begins
        upper_went_on.set();
      });
      upper.get();
    };
    with_nursery(children).get();
    all_ended = true;
  };
  pool.start(lower).get();
  EXPECT_TRUE(all_ended);
}

TEST(full_pool, closing_it_cancels_every_job_on_a_workers_stack) {
  thread_pool pool({.workers = 1});
  event upper_waits;
  auto f = pool.start([&] {
    auto upper = pool.start([&] {
      upper_waits.set();
      sleep_on();
    });
    EXPECT_THROW(upper.get(), cancelled);
    sleep_on();
  });
  upper_waits.wait().get();
  pool.close(close_mode::cancel).get();
  EXPECT_THROW(f.get(), cancelled);
}

}  // namespace
}  // namespace kettle
