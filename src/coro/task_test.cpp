#include <kettle/coro/task.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

TEST(task, does_nothing_before_it_is_awaited) {
  bool ran = false;
  auto body = [&]() -> task<> {
    ran = true;
    co_return;
  };
  { auto t = body(); }
  EXPECT_FALSE(ran);
  body().get();
  EXPECT_TRUE(ran);
}

TEST(task, runs_where_it_is_awaited_and_completing_gives_nobody_else_a_turn) {
  std::vector<std::string> seen;
  run_virtual([&](nursery& n) -> task<> {
    auto other = [&]() -> task<> {
      seen.push_back("other");
      co_return;
    };
    auto child = [&]() -> task<int> {
      seen.push_back("child");
      co_return 1;
    };
    n.start(other);
    int one = co_await child();
    seen.push_back("parent " + std::to_string(one));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"child", "parent 1", "other"}));
}

TEST(task, throws_its_error_at_the_await_whether_it_suspended_or_not) {
  run_virtual([]() -> task<> {
    auto fails = [](bool later) -> task<int> {
      if (later) co_await sleep_for(1s);
      throw std::runtime_error("burnt");
    };
    for (bool later : {false, true}) {
      std::string error;
      try {
        co_await fails(later);
      } catch (const std::runtime_error& e) {
        error = e.what();
      }
      EXPECT_EQ(error, "burnt");
    }
  });
}

TEST(task, gives_move_only_values) {
  run_virtual([]() -> task<> {
    auto makes = []() -> task<std::unique_ptr<int>> {
      co_await yield();
      co_return std::make_unique<int>(4);
    };
    auto p = co_await makes();
    EXPECT_EQ(*p, 4);
  });
}

TEST(task, destroys_its_locals_and_arguments_when_it_is_cancelled) {
  auto watched = std::make_shared<int>(1);
  run_virtual([&](nursery& n) -> task<> {
    auto holds = [](std::shared_ptr<int> mine) -> task<> {
      auto copy = mine;
      co_await sleep_forever();
    };
    n.start(holds, watched);
    co_await sleep_for(1s);
    EXPECT_GE(watched.use_count(), 3);
    n.cancel();
  });
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(task, a_plain_thread_drives_one_to_its_end) {
  auto sum = [](int n) -> task<int> {
    int s = 0;
    for (int i = 1; i <= n; i++) {
      co_await yield();
      s += i;
    }
    co_return s;
  };
  EXPECT_EQ(sum(10).get(), 55);
}

TEST(task, started_too_deep_for_the_stack_it_gives_the_same) {
  struct deep {
    static task<long> sum(long n) {
      if (n == 0) co_return 0;
      co_return n + co_await sum(n - 1);
    }
  };
  EXPECT_EQ(deep::sum(50000).get(), 50000L * 50001 / 2);
}

}  // namespace
}  // namespace kettle
