// What every place owes: one call, its result, error, cancellation; here a place made by hand.

#include <kettle/coro/pool_call.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/kettle.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kettle {
namespace {

using namespace std::chrono_literals;

// An ordinary function that waits by kettle's operations: the same everywhere.
int add_slowly(int a, int b) {
  sleep_for(1s).get();
  return a + b;
}
int refuses(int) {
  sleep_for(1s).get();
  throw std::runtime_error("refused");
}

// A fiber asleep costs a page and this; what only a child on another thread needs lies in its
// ticket.
TEST(placed_child, is_small) {
  EXPECT_LE(sizeof(placed_child<int, int (*)(int, int), int, int>), 176u);
}

struct no_room : std::runtime_error {
  no_room() : std::runtime_error("no room here") {}
};
struct full_place {
  static constexpr bool is_place = true;
  void launch(placed_child_base&) const { throw no_room(); }
};
int never_called(int) {
  ADD_FAILURE() << "it was never launched";
  return 0;
}

TEST(place, whose_launch_throws_fails_the_child_and_its_start) {
  full_place full;
  run([&]() -> task<> {
    int caught = 0;
    auto body = [&](nursery& n) -> task<> {
      try {
        n.start(full, never_called, 1);
      } catch (const no_room&) {
        caught++;
      }
      EXPECT_EQ(n.running(), 0u);
      co_await sleep_for(1h);  // the nursery is cancelled
    };
    EXPECT_EQ((co_await as_outcome(with_nursery(body))).what(), "1 error: no room here");
    EXPECT_EQ(caught, 1);
    auto uncaught = [&](nursery& n) { n.start(full, never_called, 1); };
    EXPECT_EQ((co_await as_outcome(with_nursery(uncaught))).what(), "1 error: no room here");
  });
}

TEST(place, whose_launch_throws_gives_the_error_of_a_kept_outcome_to_start_alone) {
  full_place full;
  run([&](nursery& n) -> task<> {
    EXPECT_THROW(n.start(as_outcome, full, never_called, 1), no_room);
    co_await sleep_for(0s);  // nothing is cancelled
  });
}

TEST(place, whose_launch_throws_fails_an_abandonable_call_too) {
  full_place full;
  run([&]() -> task<> {
    auto body = [&](nursery& n) { EXPECT_THROW(n.start(abandon, full, never_called, 1), no_room); };
    EXPECT_EQ((co_await as_outcome(with_nursery(body))).what(), "1 error: no room here");
  });
}

// A queue that runs nothing until somebody looks.
struct looked_into final : job_queue {
  static void end(placed_child_base& c) noexcept {
    c.call();
    c.end_unrun();
  }
  const far_calls* far() const noexcept override { return &looks; }
  static constexpr far_calls looks{
      .look_for_end = [](const job_queue*, placed_child_base& c) noexcept { end(c); },
      .cancel = [](const job_queue*, placed_child_base&) noexcept {},
      .deadline_moves = [](const job_queue*, placed_child_base&, time_point) noexcept {}};
};
struct looked_into_pool : pool_calls<looked_into_pool> {
  void launch(placed_child_base& c) const {
    if (c.begin_remote(queue)) c.ticket().take();
    c.ticket().drop();
    last = &c;
  }
  void launch_own(placed_child_base& c) { launch(c); }
  std::size_t width() const noexcept { return 1; }
  mutable looked_into queue;
  mutable placed_child_base* last = nullptr;
};

TEST(placed_child, who_has_nothing_else_to_do_looks_for_its_end) {
  looked_into_pool pool;
  EXPECT_EQ(pool.start([] { return 7; }).get(), 7);
  run([&](nursery& n) -> task<> {
    auto own = pool.start([] { return 8; });
    EXPECT_EQ(co_await own, 8);
    auto child = n.start(pool, [] { return 9; });
    EXPECT_EQ(co_await child, 9);
  });
}

TEST(placed_child, who_has_something_to_do_does_that_first) {
  looked_into_pool pool;
  std::string order;
  run([&](nursery& n) -> task<> {
    auto f = pool.start([&] { order += "job "; });
    n.start([&]() -> task<> {
      order += "other ";
      looked_into::end(*pool.last);
      co_return;
    });
    co_await f;
  });
  EXPECT_EQ(order, "other job ");
}

template <class Place> class places : public testing::Test {};
using kinds = testing::Types<on_fiber_t, on_thread_t, on_cores_t>;
TYPED_TEST_SUITE(places, kinds);

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

TYPED_TEST(places, one_function_gives_its_result_by_call_and_by_start) {
  TypeParam where;
  run_virtual([&](nursery& n) -> task<> {
    auto f = n.start(where, add_slowly, 1, 2);
    int called = co_await where(add_slowly, 3, 4);
    EXPECT_EQ(called, 7);
    EXPECT_EQ(co_await f, 3);
  });
}

TYPED_TEST(places, its_error_is_thrown_as_itself_by_a_call) {
  TypeParam where;
  run_virtual([&]() -> task<> {
    std::string error;
    try {
      co_await where(refuses, 1);
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "refused");
  });
}

TYPED_TEST(places, a_deadline_around_a_call_ends_its_waits) {
  TypeParam where;
  run_virtual([&]() -> task<> {
    time_point start = clock::now();
    auto sleeps = [] { sleep_for(1h).get(); };
    EXPECT_FALSE(co_await move_on_after(2s, where(sleeps)));
    EXPECT_EQ(clock::now() - start, 2s);
  });
}

TYPED_TEST(places, a_call_that_gives_a_value_though_it_was_cancelled_reports_it) {
  TypeParam where;
  run_virtual([&]() -> task<> {
    auto stubborn = [] {
      try {
        sleep_for(1h).get();
      } catch (const cancelled&) {}
      return 7;
    };
    auto value = co_await move_on_after(1s, where(stubborn));
    EXPECT_TRUE(value.has_value());
    EXPECT_EQ(value.value_or(0), 7);
  });
}

TYPED_TEST(places, a_call_in_a_cancelled_scope_never_starts) {
  TypeParam where;
  bool ran = false;
  run_virtual([&]() -> task<> {
    cancel_scope s;
    s.cancel();
    auto runs = [&] { ran = true; };
    co_await in_scope(s, where(runs));
    EXPECT_TRUE(s.caught());
  });
  EXPECT_FALSE(ran);
}

TYPED_TEST(places, a_child_cancelled_twice_while_queued_ends_once) {
  TypeParam where;
  run_virtual([&](nursery& n) -> task<> {
    n.cancel();
    auto f = n.start(where, add_slowly, 1, 2);
    f.cancel();
    f.cancel();
    co_return;
  });
}

TYPED_TEST(places, a_coroutine_function_runs_there_too) {
  TypeParam where;
  run_virtual([&]() -> task<> {
    auto brews = []() -> task<int> {
      co_await sleep_for(1s);
      co_return 5;
    };
    EXPECT_EQ(co_await where(brews), 5);
  });
}

}  // namespace
}  // namespace kettle
