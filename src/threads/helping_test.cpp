// Who waits for a task of its own pool on one of its workers runs it himself.

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

thread_pool* pool;

// The ways to fork and join: each counts the leaves of a tree of that depth.
int by_future(int depth) {
  if (depth == 0) return 1;
  auto a = pool->start(by_future, depth - 1), b = pool->start(by_future, depth - 1);
  return a.get() + b.get();
}
int by_call(int depth) {
  if (depth == 0) return 1;
  return (*pool)(by_call, depth - 1).get() + (*pool)(by_call, depth - 1).get();
}
int by_all(int depth) {
  if (depth == 0) return 1;
  auto [a, b] = all((*pool)(by_all, depth - 1), (*pool)(by_all, depth - 1)).get();
  return a + b;
}
int by_race(int depth) {
  if (depth == 0) return 1;
  return 2 * race((*pool)(by_race, depth - 1), (*pool)(by_race, depth - 1)).get();
}
int by_nursery(int depth) {
  if (depth == 0) return 1;
  auto body = [depth](nursery& n) {
    auto a = n.start(*pool, by_nursery, depth - 1), b = n.start(*pool, by_nursery, depth - 1);
    return a.get() + b.get();
  };
  return with_nursery(body).get();
}
int by_join(int depth) {
  if (depth == 0) return 1;
  int left = 0, right = 0;
  auto half = [depth](int& into) { into = by_join(depth - 1); };
  auto body = [&](nursery& n) {
    n.start(*pool, half, std::ref(left));
    n.start(*pool, half, std::ref(right));
  };
  with_nursery(body).get();
  return left + right;
}
int by_deadline(int depth) {
  if (depth == 0) return 1;
  auto a = pool->start(by_deadline, depth - 1), b = pool->start(by_deadline, depth - 1);
  return fail_after(1h, a).get() + fail_after(1h, b).get();
}
int by_map(int depth) {
  if (depth == 0) return 1;
  int sum = 0;
  for (int n : map(*pool, by_map, std::vector{depth - 1, depth - 1}).get()) sum += n;
  return sum;
}
int by_pool_map(int depth) {
  if (depth == 0) return 1;
  int sum = 0;
  for (int n : pool->map(by_pool_map, std::vector{depth - 1, depth - 1})) sum += n;
  return sum;
}
int by_select(int depth) {
  if (depth == 0) return 1;
  auto a = pool->start(by_select, depth - 1), b = pool->start(by_select, depth - 1);
  int first = std::get<0>(select(a, sleep_forever()).get());
  return first + std::get<0>(select(b, sleep_forever()).get());
}
task<int> by_coroutine(int depth) {
  if (depth == 0) co_return 1;
  auto [a, b] = co_await all((*pool)(by_coroutine, depth - 1), (*pool)(by_coroutine, depth - 1));
  co_return a + b;
}
int by_fiber(int depth) {
  if (depth == 0) return 1;
  auto in_fiber = [depth] {
    auto a = pool->start(by_fiber, depth - 1), b = pool->start(by_fiber, depth - 1);
    return a.get() + b.get();
  };
  return on_fiber(in_fiber).get();
}

class forks_and_joins : public testing::TestWithParam<std::size_t> {
 protected:
  // In the pool, from outside and as a child of a run.
  template <class F> void expect_leaves(F f, int depth) {
    thread_pool mine({.workers = GetParam()});
    pool = &mine;
    EXPECT_EQ(mine.start(f, depth).get(), 1 << depth);
    EXPECT_EQ(run([&]() -> task<int> { co_return co_await mine(f, depth); }), 1 << depth);
  }
};

TEST_P(forks_and_joins, by_future) { expect_leaves(by_future, 12); }
TEST_P(forks_and_joins, by_call) { expect_leaves(by_call, 12); }
TEST_P(forks_and_joins, by_all) { expect_leaves(by_all, 12); }
TEST_P(forks_and_joins, by_race) { expect_leaves(by_race, 6); }
TEST_P(forks_and_joins, by_nursery) { expect_leaves(by_nursery, 12); }
TEST_P(forks_and_joins, by_join) { expect_leaves(by_join, 12); }
TEST_P(forks_and_joins, by_deadline) { expect_leaves(by_deadline, 12); }
TEST_P(forks_and_joins, by_map) { expect_leaves(by_map, 10); }
TEST_P(forks_and_joins, by_pool_map) { expect_leaves(by_pool_map, 10); }
TEST_P(forks_and_joins, by_select) { expect_leaves(by_select, 12); }
TEST_P(forks_and_joins, by_coroutine) { expect_leaves(by_coroutine, 12); }
TEST_P(forks_and_joins, by_fiber) { expect_leaves(by_fiber, 10); }

INSTANTIATE_TEST_SUITE_P(, forks_and_joins, testing::Values(1, 2, 4),
                         [](auto& info) { return "width_" + std::to_string(info.param); });

int on_all_cores(int depth) {
  if (depth == 0) return 1;
  auto [a, b] = all(on_cores(on_all_cores, depth - 1), on_cores(on_all_cores, depth - 1)).get();
  return a + b;
}
int on_threads(int depth) {
  if (depth == 0) return 1;
  auto [a, b] = all(on_thread(on_threads, depth - 1), on_thread(on_threads, depth - 1)).get();
  return a + b;
}

TEST(helping, works_on_the_cores_and_on_more_threads_than_there_may_be) {
  auto both = []() -> task<int> {
    co_return co_await on_cores(on_all_cores, 10) + co_await on_thread(on_threads, 8);
  };
  EXPECT_EQ(run(both), 1024 + 256);
  EXPECT_EQ(on_cores(on_all_cores, 10).get() + on_thread(on_threads, 8).get(), 1024 + 256);
}

// A task that is helped has waits of its own, in the middle of one of its helper.
TEST(helping, a_helped_task_and_its_helper_wait_apart) {
  thread_pool one({.workers = 1});
  auto outer = [&one] {
    channel<int> numbers(0);
    auto sends = [&numbers]() -> task<> {
      for (int i = 1; i <= 3; i++) co_await numbers.send(i);
    };
    auto receives = [&numbers] {
      int sum = 0;
      for (int i = 0; i < 3; i++) sum += numbers.receive().get();
      return sum;
    };
    auto body = [&](nursery& n) {
      n.start(sends);
      auto sum = n.start(one, receives);
      return sum.get();
    };
    return with_nursery(body).get();
  };
  EXPECT_EQ(one.start(outer).get(), 6);
}

// On top of a task that waits for something else, another one would keep it from going on.
TEST(helping, takes_no_task_that_somebody_below_on_its_stack_waits_for) {
  thread_pool three({.workers = 3});
  auto outer = [&three] {
    channel<int> there(0), back(0);
    auto asks = [&] {
      there.send(1).get();
      return back.receive().get();
    };
    auto answers = [&] {
      back.send(there.receive().get() + 1).get();
      return 0;
    };
    auto [a, b] = all(three(asks), three(answers)).get();
    return a + b;
  };
  for (int i = 0; i < 200; i++) EXPECT_EQ(three.start(outer).get(), 2);
}

long count_down(long n) { return n == 0 ? 0 : 1 + pool->start(count_down, n - 1).get(); }

// Neither a crash nor a silent hang.
TEST_P(forks_and_joins, a_chain_that_no_stack_holds_ends_with_an_error) {
  thread_pool mine({.workers = GetParam()});
  pool = &mine;
  EXPECT_EQ(mine.start(count_down, 500).get(), 500);
  EXPECT_THROW(mine.start(count_down, 10'000'000).get(), deadlock_error);
  EXPECT_EQ(mine.start(count_down, 500).get(), 500);  // the pool is whole
}

// What a task of another pool waits for is none of ours.
TEST(helping, never_takes_a_strangers_task) {
  thread_pool one({.workers = 1});
  event release, begun;
  bool stranger_ran = false;
  auto holds = [&] {
    begun.set();
    release.wait().get();
    return stranger_ran;
  };
  auto held = one.start(holds);
  begun.wait().get();
  auto stranger = one.start([&] { stranger_ran = true; });
  release.set();
  EXPECT_FALSE(held.get());
  stranger.get();
  EXPECT_TRUE(stranger_ran);
}

}  // namespace
}  // namespace kettle
