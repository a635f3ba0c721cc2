#include <kettle/coro/all.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

lines dropped;
void remember(const std::exception_ptr& e, const char* where) noexcept {
  dropped.push_back(std::string(where) + ": " + describe(e));
}

task<int> after_seconds(int n) {
  co_await sleep_for(n * 1s);
  co_return n;
}
task<int> fails_after(int n, std::string text) {
  co_await sleep_for(n * 1s);
  throw std::runtime_error(text);
}

TEST(all, gives_nothing_for_what_is_void_and_is_void_if_all_are) {
  run_virtual([]() -> task<> {
    auto [n, none] = co_await all(after_seconds(2), sleep_for(1s));
    static_assert(std::is_same_v<decltype(none), nothing>);
    EXPECT_EQ(n, 2);
    co_await all(sleep_for(1s), sleep_for(2s));
  });
}

TEST(all, of_two_errors_throws_the_first_and_drops_the_other) {
  auto former = set_dropped_error_hook(remember);
  dropped.clear();
  run_virtual([]() -> task<> {
    std::string error;
    try {
      co_await all(fails_after(1, "one"), fails_after(1, "two"));
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "one");
  });
  EXPECT_EQ(dropped, lines{"all: two"});
  set_dropped_error_hook(former);
}

TEST(all, is_cancelled_from_outside) {
  run_virtual([]() -> task<> {
    EXPECT_FALSE(co_await move_on_after(1s, all(after_seconds(2), after_seconds(3))));
  });
}

TEST(all, throws_cancelled_when_a_future_among_them_was_cancelled) {
  run_virtual([](nursery& n) -> task<> {
    auto f = n.start(after_seconds, 5);
    f.cancel();
    bool passed = false;
    try {
      co_await all(f, after_seconds(1));
    } catch (const cancelled&) {
      passed = true;
    }
    EXPECT_TRUE(passed);
  });
}

TEST(race, gives_the_first_and_drops_the_error_of_a_loser_s_cleanup) {
  auto former = set_dropped_error_hook(remember);
  dropped.clear();
  run_virtual([]() -> task<> {
    auto clumsy = []() -> task<int> {
      try {
        co_await sleep_forever();
      } catch (const cancelled&) {
        throw std::runtime_error("clumsy");
      }
      co_return 0;
    };
    EXPECT_EQ(co_await race(after_seconds(1), clumsy()), 1);
  });
  EXPECT_EQ(dropped, lines{"race: a loser: clumsy"});
  set_dropped_error_hook(former);
}

TEST(race, over_different_types_gives_nothing) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    co_await race(after_seconds(2), sleep_for(1s));
    EXPECT_EQ(clock::now() - start, 1s);
  });
}

TEST(race, is_cancelled_from_outside_unless_it_is_decided) {
  run_virtual([]() -> task<> {
    EXPECT_FALSE(co_await move_on_after(1s, race(after_seconds(2), after_seconds(3))));
    auto tidies = []() -> task<int> {
      co_await finally(sleep_forever(), sleep_for(3s));
      co_return 0;
    };
    // Decided at 1 s; the outer deadline passes while the loser still tidies up.
    auto value = co_await move_on_after(2s, race(after_seconds(1), tidies()));
    EXPECT_EQ(value, 1);
  });
}

}  // namespace
}  // namespace kettle
