#include <kettle/coro/first_of.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

// Each try logs when it begins; a negative number fails after as many seconds.
struct tries {
  time_point start = clock::now();
  std::vector<std::string> begun;
  task<int> operator()(int n) {
    begun.push_back(std::to_string(n) + "@" + std::to_string((clock::now() - start) / 1s));
    co_await sleep_for((n < 0 ? -n : n) * 1s);
    if (n < 0) throw std::runtime_error(std::to_string(n));
    co_return n;
  }
};

TEST(first_of, staggers_its_tries_and_a_failure_starts_the_next_at_once) {
  run_virtual([]() -> task<> {
    tries t;
    std::vector<int> items{-1, 9, 3};
    int first = co_await first_of(t, items, {.stagger = 4s});
    EXPECT_EQ(first, 3);  // begun at 5 s, ended at 8 s; 9 would have ended at 10 s
    EXPECT_EQ(t.begun, (std::vector<std::string>{"-1@0", "9@1", "3@5"}));
  });
}

TEST(first_of, a_refused_value_counts_as_a_failed_try) {
  run_virtual([]() -> task<> {
    tries t;
    std::vector<int> items{1, 2};
    int first =
        co_await first_of(t, items, {.stagger = 9s, .accept = [](const int& n) { return n == 2; }});
    EXPECT_EQ(first, 2);
    EXPECT_EQ(t.begun, (std::vector<std::string>{"1@0", "2@1"}));
  });
}

TEST(first_of, throws_every_error_in_the_order_in_which_they_happened) {
  run_virtual([]() -> task<> {
    tries t;
    std::vector<int> items{-3, -1, -2};
    std::string what;
    try {
      co_await first_of(t, items);
    } catch (const error_group& g) {
      what = g.what();
    }
    EXPECT_EQ(what, "3 errors: -1; -2; -3");
  });
}

TEST(first_of, ends_the_others_cleanup_included) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    auto attempt = [](int n) -> task<int> {
      if (n == 0) co_await finally(sleep_forever(), sleep_for(2s));
      co_await sleep_for(1s);
      co_return n;
    };
    std::vector<int> items{0, 1};
    EXPECT_EQ(co_await first_of(attempt, items), 1);
    EXPECT_EQ(clock::now() - start, 3s);
  });
}

TEST(first_of, is_cancelled_from_outside_and_of_nothing_is_an_empty_group) {
  run_virtual([]() -> task<> {
    tries t;
    std::vector<int> items{5}, none;
    EXPECT_FALSE(co_await move_on_after(1s, first_of(t, items)));
    bool empty = false;
    try {
      co_await first_of(t, none);
    } catch (const error_group& g) {
      empty = g.errors().empty();
    }
    EXPECT_TRUE(empty);
  });
}

task<int> fails_after(duration d, const char* why) {
  co_await sleep_for(d);
  throw std::runtime_error(why);
}
task<int> gives_after(duration d, int n) {
  co_await sleep_for(d);
  co_return n;
}

TEST(first_of, a_few_waits_gives_the_first_value_and_passes_over_errors) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    int first = co_await first_of(fails_after(1s, "no"), gives_after(3s, 3), gives_after(2s, 2));
    EXPECT_EQ(first, 2);
    EXPECT_EQ(clock::now() - start, 2s);
    co_await first_of(sleep_for(2s), sleep_for(1s));
    EXPECT_EQ(clock::now() - start, 3s);
    first = co_await first_of(on_thread([] { return 7; }), gives_after(1h, 3));
    EXPECT_EQ(first, 7);
  });
}

TEST(first_of, a_few_waits_that_all_fail_throws_every_error) {
  std::string what;
  try {
    run_virtual(
        []() -> task<> { co_await first_of(fails_after(2s, "later"), fails_after(1s, "sooner")); });
  } catch (const error_group& g) {
    what = g.what();
  }
  EXPECT_EQ(what, "2 errors: sooner; later");
}

TEST(first_of, a_few_waits_is_cancelled_from_outside) {
  run_virtual([]() -> task<> {
    auto value = co_await move_on_after(1s, first_of(gives_after(2s, 2), gives_after(3s, 3)));
    EXPECT_FALSE(value);
  });
}

}  // namespace
}  // namespace kettle
