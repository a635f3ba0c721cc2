#include <kettle/core/scope.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/processes/process_pool.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

bool sees_deadline(time_point t) { return current_deadline() == t; }

TEST(process_worker, the_deadline_around_travels_into_the_task) {
  process_pool pool({.workers = 1});
  time_point t = clock::now() + 1h;
  EXPECT_TRUE(fail_at(t, pool(sees_deadline, t)).get());
  EXPECT_TRUE(pool.start(sees_deadline, never).get());
}

TEST(process_worker, a_deadline_in_the_task_keeps_its_meaning) {
  process_pool pool({.workers = 1});
  auto late = [] { fail_after(1ms, sleep_forever()).get(); };
  EXPECT_THROW(pool.start(late).get(), timeout_error);
  EXPECT_FALSE(move_on_after(1ms, pool([] { sleep_forever().get(); })).get());
  EXPECT_TRUE(move_on_after(1h, pool([] {})).get());
}

TEST(process_worker, a_task_may_use_threads_and_timers_of_its_own_loop) {
  process_pool pool({.workers = 1});
  auto body = [](int x) -> task<int> {
    co_await sleep_for(1ms);
    co_return co_await on_thread([](int y) { return y + 1; }, x);
  };
  for (int i = 0; i < 3; i++) EXPECT_EQ(pool.start(body, i).get(), i + 1);
}

TEST(process_worker, exit_in_a_task_is_told) {
  process_pool pool({.workers = 1});
  try {
    pool.start([] { std::exit(5); }).get();
    FAIL();
  } catch (const worker_died& e) {
    EXPECT_EQ(e.how.signal, 0);
    EXPECT_EQ(e.how.exit_code, 5);
  }
}

int initialised = 0;
void init() { initialised = 7; }

TEST(process_worker, init_runs_before_the_first_task) {
  process_pool pool({.workers = 2, .init = init});
  for (int i = 0; i < 4; i++) EXPECT_EQ(pool.start([] { return initialised; }).get(), 7);
}

TEST(process_worker, reads_nothing_from_our_input_and_ignores_sigint) {
  process_pool pool({.workers = 1});
  EXPECT_EQ(pool.start([] { return std::getchar(); }).get(), EOF);
  EXPECT_EQ(pool.start([] { return ::kill(::getpid(), SIGINT); }).get(), 0);
  EXPECT_EQ(pool.start([] { return 1; }).get(), 1);
}

}  // namespace
}  // namespace kettle
