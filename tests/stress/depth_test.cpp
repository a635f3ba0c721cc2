// Depth: what overflows the stack if an await costs stack. Also run without optimisation and under
// the sanitizers, where a compiler that must not make tail calls makes none.
#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/run.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace kettle {
namespace {

using namespace std::chrono_literals;

constexpr int million = 1'000'000;
constexpr int deep = 100'000;
constexpr run_options virtually{.time = time_kind::virtual_time};

task<int> ready(int n) { co_return n; }

TEST(depth, awaits_a_million_ready_tasks) {
  std::int64_t sum = run(virtually, []() -> task<std::int64_t> {
    std::int64_t s = 0;
    for (int n = 0; n < million; ++n) s += co_await ready(n);
    co_return s;
  });
  EXPECT_EQ(sum, std::int64_t(million) * (million - 1) / 2);
}

task<int> count_ready(int n) {
  if (n == 0) co_return 0;
  co_return co_await count_ready(n - 1) + 1;
}

TEST(depth, nests_a_hundred_thousand_calls_that_are_ready) {
  EXPECT_EQ(run(virtually, [] { return count_ready(deep); }), deep);
}

task<int> count_suspended(int n) {
  if (n == 0) {
    co_await sleep_for(1s);
    co_return 0;
  }
  co_return co_await count_suspended(n - 1) + 1;
}

TEST(depth, nests_a_hundred_thousand_suspended_calls) {
  EXPECT_EQ(run(virtually, [] { return count_suspended(deep); }), deep);
}

task<int> throw_from(int n) {
  if (n == 0) {
    co_await yield();
    throw timeout_error("at the bottom");
  }
  co_return co_await throw_from(n - 1) + 1;
}

TEST(depth, unwinds_an_error_through_a_hundred_thousand_calls) {
  EXPECT_THROW(run(virtually, [] { return throw_from(deep); }), timeout_error);
}

// Every scope but the innermost waits for the next; `entered` counts what is inside when the
// cancellation comes.
task<> enter(int n, int& entered) {
  ++entered;
  if (n == 0)
    co_await sleep_forever();
  else
    co_await move_on_after(1h, enter(n - 1, entered));
}

TEST(depth, cancels_a_hundred_thousand_nested_scopes_at_once) {
  int entered = 0;
  bool finished = run(virtually, [&]() -> task<bool> {
    co_return co_await move_on_after(1s, enter(deep, entered));
  });
  EXPECT_FALSE(finished);
  EXPECT_EQ(entered, deep + 1);
}

}  // namespace
}  // namespace kettle
