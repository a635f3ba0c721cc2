// Futures: one consumer, on_done, dropping and cancelling.

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

std::vector<std::string> dropped;

class dropped_errors : public testing::Test {
 protected:
  void SetUp() override {
    dropped.clear();
    former_ = set_dropped_error_hook([](const std::exception_ptr& e, const char* where) noexcept {
      dropped.push_back(std::string(where) + ": " + describe(e));
    });
  }
  void TearDown() override { set_dropped_error_hook(former_); }

 private:
  dropped_error_hook former_ = nullptr;
};
using future_of_child = dropped_errors;

task<int> answer(duration d) {
  co_await sleep_for(d);
  co_return 42;
}
task<int> failing(duration d) {
  co_await sleep_for(d);
  throw std::runtime_error("spilt");
}

TEST_F(future_of_child, gives_the_value_once) {
  run_virtual([](nursery& n) -> task<> {
    auto f = n.start(answer, 1s);
    EXPECT_FALSE(f.done());
    EXPECT_EQ(co_await f, 42);
    EXPECT_FALSE(f.valid());
    std::string error;
    try {
      co_await f;
    } catch (const usage_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "this future has no result: it was moved from or taken already");
  });
}

TEST_F(future_of_child, has_one_consumer) {
  future<int> f;
  run_virtual([&f](nursery& n) -> task<> {
    f = n.start(answer, 2s);
    auto first = [&f]() -> task<> { EXPECT_EQ(co_await f, 42); };
    auto one = n.start(first);
    co_await sleep_for(1s);
    std::string error;
    try {
      co_await f;
    } catch (const usage_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "a future has one consumer: somebody waits for it already");
    EXPECT_THROW(f.on_done([](const outcome<int>&) {}), usage_error);
    EXPECT_TRUE(f.valid());
    co_await one;
  });
}

TEST_F(future_of_child, can_be_awaited_again_after_a_cancelled_wait) {
  run_virtual([](nursery& n) -> task<> {
    auto f = n.start(answer, 2s);
    auto first = co_await move_on_after(1s, f);
    EXPECT_FALSE(first);
    EXPECT_EQ(co_await f, 42);
  });
}

TEST_F(future_of_child, of_a_failed_child_throws_cancelled_and_the_error_goes_up) {
  std::string at_future;
  try {
    run_virtual([&](nursery& n) -> task<> {
      auto f = n.start(failing, 1s);
      try {
        co_await f;
      } catch (const cancelled& c) {
        at_future = "cancelled";
        throw;
      }
    });
    ADD_FAILURE() << "no error came";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "spilt");
  }
  EXPECT_EQ(at_future, "cancelled");
  EXPECT_TRUE(dropped.empty());
}

TEST_F(future_of_child, as_outcome_keeps_the_error_and_cancels_nobody) {
  run_virtual([](nursery& n) -> task<> {
    auto bad = n.start(as_outcome, failing, 1s);
    auto good = n.start(as_outcome, answer, 2s);
    auto b = co_await bad;
    EXPECT_FALSE(b);
    EXPECT_EQ(b.what(), "spilt");
    EXPECT_NE(b.error_as<std::runtime_error>(), nullptr);
    EXPECT_EQ(b.error_as<timeout_error>(), nullptr);
    auto g = co_await good;
    EXPECT_EQ(*g, 42);
  });
  EXPECT_TRUE(dropped.empty());
}

TEST_F(future_of_child, an_outcome_dropped_with_an_error_goes_to_the_hook_with_the_task_s_name) {
  run_virtual([](nursery& n) -> task<> {
    n.start(as_outcome, name("kettle"), failing, 1s);        // dropped before it ends
    auto f = n.start(as_outcome, name("pot"), failing, 1s);  // and after
    co_await sleep_for(2s);
    auto gone = std::move(f);
  });
  EXPECT_EQ(dropped, (std::vector<std::string>{"kettle: spilt", "pot: spilt"}));
}

TEST_F(future_of_child, an_outcome_cancelled_passes_cancelled_through) {
  bool passed = false;
  run_virtual([&](nursery& n) -> task<> {
    auto f = n.start(as_outcome, answer, 1h);
    co_await sleep_for(1s);
    f.cancel();
    try {
      co_await f;
    } catch (const cancelled&) {
      passed = true;
    }
  });
  EXPECT_TRUE(passed);
}

TEST_F(future_of_child, cancelled_before_its_first_step_it_never_runs) {
  bool ran = false;
  run_virtual([&](nursery& n) -> task<> {
    auto child = [&]() -> task<> {
      ran = true;
      co_return;
    };
    n.start(child).cancel();
    co_return;
  });
  EXPECT_FALSE(ran);
}

TEST_F(future_of_child, cancelling_it_when_it_is_done_changes_nothing) {
  run_virtual([](nursery& n) -> task<> {
    auto f = n.start(answer, 1s);
    co_await sleep_for(2s);
    f.cancel();
    EXPECT_EQ(co_await f, 42);
  });
}

TEST_F(future_of_child, a_value_that_came_is_returned_though_the_wait_was_cancelled_meanwhile) {
  int got = 0;
  cancel_scope s;
  run_virtual([&](nursery& n) -> task<> {
    auto quick = [&]() -> task<int> { co_return 7; };
    auto f = n.start(quick);
    auto canceller = [&]() -> task<> {
      s.cancel();
      co_return;
    };
    n.start(canceller);
    auto waits = [&]() -> task<> { got = co_await f; };
    co_await in_scope(s, waits);
  });
  EXPECT_EQ(got, 7);
}

TEST_F(future_of_child, on_done_calls_back_once_at_once_if_it_is_done) {
  std::vector<std::string> calls;
  run_virtual([&](nursery& n) -> task<> {
    auto note = [&](const char* who) {
      return [&calls, who](outcome<int> o) {
        calls.push_back(std::string(who) + (o ? " value" : " none"));
      };
    };
    n.start(answer, 1s).on_done(note("later"));
    auto f = n.start(answer, 1s);
    co_await sleep_for(2s);
    f.on_done(note("at once"));
    calls.push_back("after");
    auto bad = n.start(as_outcome, failing, 1s);
    bad.on_done([&](const outcome<outcome<int>>& o) { calls.push_back(o ? "outer" : o.what()); });
  });
  EXPECT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0] + ", " + calls[1] + ", " + calls[2], "later value, at once value, after");
}

TEST_F(future_of_child, what_on_done_throws_goes_to_the_hook) {
  run_virtual([](nursery& n) -> task<> {
    n.start(answer, 1s).on_done([](const outcome<int>&) { throw std::runtime_error("oh"); });
    co_return;
  });
  EXPECT_EQ(dropped, std::vector<std::string>{"on_done: oh"});
}

TEST_F(future_of_child, dropping_it_neither_waits_nor_cancels) {
  bool ended = false;
  run_virtual([&](nursery& n) -> task<> {
    auto child = [&]() -> task<int> {
      co_await sleep_for(1s);
      ended = true;
      co_return 1;
    };
    { auto f = n.start(child); }
    EXPECT_FALSE(ended);
    co_return;
  });
  EXPECT_TRUE(ended);
}

struct cut_short : cancelled {};

TEST(child, knows_a_cancellation_of_a_derived_class) {
  EXPECT_EQ(ending_of(std::make_exception_ptr(cut_short())), ending::cancelled);
  EXPECT_EQ(ending_of(std::make_exception_ptr(cancelled())), ending::cancelled);
  EXPECT_EQ(ending_of(std::make_exception_ptr(end_of_channel())), ending::error);
  EXPECT_EQ(ending_of(std::make_exception_ptr(1)), ending::error);
}

TEST(future, cancels_a_child_of_another_thread) {
  for (bool ends_first : {false, true}) {
    run([ends_first](nursery& n) -> task<> {
      auto f = n.start([ends_first]() -> task<int> {
        if (!ends_first) co_await sleep_forever();
        co_return 42;
      });
      std::thread([&f] { f.cancel(); }).join();  // the request lies in our mail now
      int got = 0;
      try {
        got = co_await f;
      } catch (const cancelled&) {
        got = -1;
      }
      EXPECT_EQ(got, ends_first ? 42 : -1);
    });
  }
}

TEST(future, that_cancels_a_child_of_another_thread_may_go) {
  run([](nursery& n) -> task<> {
    auto f = n.start(sleep_forever);
    auto g = n.start(on_fiber, [] { sleep_forever().get(); });
    auto h = n.start(on_thread, [] { sleep_forever().get(); });
    std::thread([&] {
      for (auto* each : {&f, &g, &h}) {
        each->cancel();
        each->cancel();
        auto gone = std::move(*each);
      }
    }).join();
    co_return;
  });
}

}  // namespace
}  // namespace kettle
