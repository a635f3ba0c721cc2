#include <kettle/core/sleep.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/loop/run_guard.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

TEST(run, gives_the_value_of_a_task_or_an_ordinary_function) {
  EXPECT_EQ(run([]() -> task<int> { co_return 3; }), 3);
  EXPECT_EQ(run([](nursery&) { return 4; }), 4);
}

TEST(run, may_be_called_again_and_within_a_thread_s_own_run) {
  EXPECT_EQ(run([](nursery&) { return run([]() -> task<int> { co_return 5; }); }), 5);
}

TEST(run, refuses_a_back_end_that_does_not_exist) {
  EXPECT_THROW(run({.backend = "sundial"}, [](nursery&) {}), usage_error);
}

TEST(run, refuses_a_back_end_by_name_together_with_virtual_time) {
  auto both = [](const char* name) {
    run({.time = time_kind::virtual_time, .backend = name}, [](nursery&) {});
  };
  EXPECT_THROW(both("epoll"), usage_error);
  EXPECT_THROW(both("io_uring"), usage_error);
}

TEST(run, throws_a_single_error_as_itself_however_deep_its_nursery_was) {
  auto fails = [](nursery&) { throw timeout_error("deep"); };
  EXPECT_THROW(run([&] { return with_nursery(fails); }), timeout_error);
}

// Each run leaves its error for the terminate handler, in text of another length.
TEST(run, may_fail_on_several_threads_at_once) {
  constexpr int threads = 4, runs = 500;
  std::atomic<int> right{0};
  auto fails = [&right](int thread) {
    for (int i = 0; i < runs; i++) {
      const std::string text(std::size_t(1 + (thread + i) % threads * 100), 'x');
      try {
        run([&](nursery&) { throw timeout_error(text); });
      } catch (const timeout_error& e) {
        right += e.what() == text;
      }
    }
  };
  std::vector<std::thread> all;
  for (int t = 0; t < threads; t++) all.emplace_back(fails, t);
  for (std::thread& t : all) t.join();
  EXPECT_EQ(right, threads * runs);
}

TEST(run, starts_the_virtual_clock_anew_each_time) {
  for (int i = 0; i < 2; i++) {
    duration passed = run({.time = time_kind::virtual_time}, []() -> task<duration> {
      time_point start = clock::now();
      co_await sleep_for(1h);
      co_return clock::now() - start;
    });
    EXPECT_EQ(passed, 1h);
  }
}

}  // namespace
}  // namespace kettle
