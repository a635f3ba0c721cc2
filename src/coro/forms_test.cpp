#include <kettle/coro/forms.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

std::vector<std::string> dropped;
void remember(const std::exception_ptr& e, const char* where) noexcept {
  dropped.push_back(std::string(where) + ": " + describe(e));
}

task<> fails(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}

TEST(forms, wait_for_ever_when_the_caller_says_so_in_any_unit) {
  using years = std::chrono::duration<std::int64_t, std::ratio<31'556'952>>;
  run_virtual([]() -> task<> {
    auto slow = []() -> task<int> {
      co_await sleep_for(1h);
      co_return 3;
    };
    EXPECT_EQ(co_await fail_after(std::chrono::seconds::max(), slow()), 3);
    EXPECT_EQ(co_await move_on_after(years(300), slow()), 3);
    EXPECT_EQ(co_await shielded(std::chrono::hours::max(), slow()), 3);
    bool cleaned = false;
    auto cleanup = [&]() -> task<> {
      co_await slow();
      cleaned = true;
    };
    co_await finally(yield(), cleanup, std::chrono::hours::max());
    EXPECT_TRUE(cleaned);
    EXPECT_FALSE(co_await move_on_after(1h, sleep_for(years(300))));
  });
}

TEST(forms, take_a_task_an_operation_a_future_a_form_or_a_callable) {
  run_virtual([](nursery& n) -> task<> {
    auto three = []() -> task<int> { co_return 3; };
    auto f = n.start(three);
    auto plain = [] { return 4; };
    auto gives_operation = [] { return sleep_for(1s); };
    EXPECT_EQ(co_await move_on_after(1h, three()), 3);
    EXPECT_TRUE(co_await move_on_after(1h, sleep_for(1s)));
    EXPECT_EQ(co_await move_on_after(1h, f), 3);
    EXPECT_EQ(co_await fail_after(1h, fail_after(1h, three())), 3);
    EXPECT_EQ(co_await fail_after(1h, plain), 4);
    EXPECT_TRUE(co_await move_on_after(1h, gives_operation));
  });
}

TEST(forms, an_ordinary_function_may_return_one) {
  struct quick {
    static task<int> answer() {
      return fail_after(1s, []() -> task<int> { co_return 42; });
    }
  };
  EXPECT_EQ(quick::answer().get(), 42);
}

TEST(forms, fail_at_and_move_on_at_take_a_time) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    EXPECT_FALSE(co_await move_on_at(start + 2s, sleep_forever()));
    EXPECT_EQ(clock::now() - start, 2s);
    bool timed_out = false;
    try {
      co_await fail_at(start + 3s, sleep_forever());
    } catch (const timeout_error&) {
      timed_out = true;
    }
    EXPECT_TRUE(timed_out);
    EXPECT_EQ(clock::now() - start, 3s);
  });
}

TEST(forms, a_value_that_came_in_time_is_kept_though_the_deadline_passed_in_computing) {
  run_virtual([]() -> task<> {
    auto late = []() -> task<int> {
      try {
        co_await sleep_forever();
      } catch (const cancelled&) {}
      co_return 9;
    };
    EXPECT_EQ(co_await fail_after(1s, late), 9);
  });
}

TEST(finally, runs_its_cleanup_on_every_way_out) {
  lines seen;
  auto note = [&] { seen.push_back("cleanup"); };
  run_virtual([&]() -> task<> {
    auto five = []() -> task<int> { co_return 5; };
    EXPECT_EQ(co_await finally(five, note), 5);
    try {
      co_await finally(fails("body"), note);
    } catch (const std::runtime_error& e) {
      seen.push_back(e.what());
    }
    EXPECT_FALSE(co_await move_on_after(1s, finally(sleep_forever(), note)));
  });
  EXPECT_EQ(seen, (lines{"cleanup", "cleanup", "body", "cleanup"}));
}

TEST(finally, of_two_errors_the_body_s_is_thrown_and_the_cleanup_s_goes_to_the_hook) {
  auto former = set_dropped_error_hook(remember);
  dropped.clear();
  run_virtual([]() -> task<> {
    std::string error;
    try {
      co_await finally(fails("body"), fails("cleanup"));
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "body");
    try {
      co_await finally(yield(), fails("cleanup alone"));
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "cleanup alone");
  });
  EXPECT_EQ(dropped, lines{"finally: the cleanup failed after its body: cleanup"});
  set_dropped_error_hook(former);
}

TEST(shielded, absorbs_its_own_deadline_and_says_so) {
  run_virtual([]() -> task<> {
    time_point start = clock::now();
    EXPECT_FALSE(co_await shielded(1s, sleep_forever()));
    EXPECT_TRUE(co_await shielded(2s, sleep_for(1s)));
    EXPECT_EQ(clock::now() - start, 2s);
  });
}

TEST(as_outcome, keeps_errors_and_lets_cancelled_through) {
  run_virtual([]() -> task<> {
    auto bad = co_await as_outcome(fails("no"));
    EXPECT_EQ(bad.what(), "no");
    auto good = co_await as_outcome(yield());
    EXPECT_TRUE(good);
    bool after = false;
    auto body = [&]() -> task<> {
      co_await as_outcome(sleep_forever());
      after = true;
    };
    EXPECT_FALSE(co_await move_on_after(1s, body));
    EXPECT_FALSE(after);
  });
}

}  // namespace
}  // namespace kettle
