#include <kettle/fibers/on_fiber.hpp>
#include <kettle/kettle.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

template <class F> std::string error_of(F f) {
  try {
    f();
  } catch (...) {
    return describe(std::current_exception());
  }
  return "none";
}

task<> fails(const char* text) {
  co_await yield();
  throw std::runtime_error(text);
}

TEST(nursery, throws_a_group_even_for_one_error_of_the_body) {
  std::string what;
  run_virtual([&]() -> task<> {
    auto body = [](nursery&) -> task<> { return fails("only one"); };
    try {
      co_await with_nursery(body);
    } catch (const error_group& g) {
      what = g.what();
    }
  });
  EXPECT_EQ(what, "1 error: only one");
}

TEST(nursery, run_unwraps_a_group_of_one_however_deep_and_no_larger_one) {
  auto one = [] { run_virtual([] { return fails("one"); }); };
  EXPECT_EQ(error_of(one), "one");
  auto nested = [] {
    run_virtual([]() -> task<> {
      auto inner = [](nursery& n) { n.start(fails, "deep"); };
      auto outer = [&](nursery& n) { n.start([&] { return with_nursery(inner); }); };
      co_await with_nursery(outer);
    });
  };
  EXPECT_EQ(error_of(nested), "deep");
  auto two = [] { run_virtual([](nursery& n) { n.start(fails, "a"), n.start(fails, "b"); }); };
  EXPECT_EQ(error_of(two), "2 errors: a; b");
}

TEST(nursery, an_error_that_comes_by_two_ways_arrives_once) {
  std::string what;
  run_virtual([&]() -> task<> {
    auto error = std::make_exception_ptr(std::runtime_error("same"));
    auto thrower = [&]() -> task<> {
      co_await yield();
      std::rethrow_exception(error);
    };
    auto body = [&](nursery& n) { n.start(thrower), n.start(thrower); };
    try {
      co_await with_nursery(body);
    } catch (const error_group& g) {
      what = g.what();
    }
  });
  EXPECT_EQ(what, "1 error: same");
}

TEST(nursery, rethrows_cancelled_when_an_outer_scope_ended_a_child) {
  bool after = false;
  run_virtual([&]() -> task<> {
    auto inside = [&]() -> task<> {
      auto body = [](nursery& n) { n.start(sleep_forever); };
      co_await with_nursery(body);
      after = true;
    };
    EXPECT_FALSE(co_await move_on_after(1s, inside));
  });
  EXPECT_FALSE(after);
}

TEST(nursery, a_body_with_a_value_that_its_own_nursery_cancelled_is_a_usage_error) {
  std::string what = error_of([] {
    run_virtual([]() -> task<> {
      auto body = [](nursery& n) -> task<int> {
        n.cancel();
        co_await sleep_forever();
        co_return 1;
      };
      co_await with_nursery(body);
    });
  });
  EXPECT_EQ(what, "with_nursery: its own nursery cancelled the body, so there is no value to give");
}

TEST(nursery, gives_the_value_of_an_ordinary_body) {
  run_virtual([]() -> task<> {
    lines seen;
    auto child = [&]() -> task<> {
      co_await sleep_for(1s);
      seen.push_back("child");
    };
    auto body = [&](nursery& n, std::unique_ptr<int> given) {
      n.start(child);
      return *given;
    };
    int value = co_await with_nursery(body, std::make_unique<int>(5));
    EXPECT_EQ(value, 5);
    EXPECT_EQ(seen, lines{"child"});
  });
}

TEST(nursery, draining_ends_waits_under_until_closing_at_once_and_the_rest_after_the_grace) {
  lines seen;
  run_virtual([&]() -> task<> {
    time_point start = clock::now();
    auto at = [start] { return std::to_string((clock::now() - start) / 1s); };
    auto body = [&](nursery& n) -> task<> {
      auto polite = [&]() -> task<> {
        bool all = co_await until_closing(n, sleep_forever());
        seen.push_back("polite " + at() + (all ? "" : " closing") + (n.closing() ? "!" : ""));
        co_await sleep_for(1s);
        seen.push_back("polite done " + at());
      };
      auto stubborn = [&]() -> task<> {
        co_await finally(sleep_forever(), [&] { seen.push_back("stubborn " + at()); });
      };
      n.start(polite);
      n.start(stubborn);
      co_await sleep_for(1s);
      EXPECT_FALSE(n.closing());
      n.cancel_after(3s);
    };
    co_await with_nursery(body);
  });
  EXPECT_EQ(seen, (lines{"polite 1 closing!", "polite done 2", "stubborn 4"}));
}

TEST(nursery, a_service_s_failure_is_an_error_like_any_other) {
  std::string what = error_of([] {
    run_virtual([](nursery& n) -> task<> {
      n.start(as_service, fails, "service down");
      co_await sleep_forever();
    });
  });
  EXPECT_EQ(what, "service down");
}

// A child whose cleanup needs the service, which logs what it gets and when it ends.
struct served {
  channel<std::string> to{0};
  lines log;

  task<> service() {
    try {
      auto from = to.receiver();
      while (auto text = co_await from.next()) log.push_back(*text);
    } catch (const cancelled& c) {
      log.push_back(std::string("service cut: ") + c.reason);
      throw;
    }
  }
  task<> child() {
    auto say = to.sender();
    std::exception_ptr cut;
    try {
      co_await sleep_forever();
    } catch (const cancelled&) {
      cut = std::current_exception();
    }
    bool said = co_await shielded(1s, say.send("cleaned up"));
    log.push_back(said ? "said so" : "could not say so");
    std::rethrow_exception(cut);
  }
  auto body() {
    return [this](nursery& n) {
      n.start(as_service, [this] { return service(); });
      n.start([this] { return child(); });
    };
  }
};
const lines service_last{"said so", "cleaned up", "service cut: only services are left"};

TEST(nursery, cancelled_from_outside_it_cancels_its_services_last) {
  served s;
  run_virtual([&]() -> task<> {
    auto body = s.body();
    EXPECT_FALSE(co_await move_on_after(10ms, with_nursery(body)));
  });
  EXPECT_EQ(s.log, service_last);
}

TEST(nursery, cancelled_by_itself_or_by_a_failure_it_cancels_its_services_last) {
  served s, t, u;
  run_virtual([&]() -> task<> {
    auto own = [&](nursery& n) -> task<> {
      s.body()(n);
      co_await sleep_for(1ms);
      n.cancel();
    };
    co_await with_nursery(own);
    auto failing = [&](nursery& n) -> task<> {
      t.body()(n);
      co_await sleep_for(1ms);
      throw std::runtime_error("body");
    };
    EXPECT_EQ((co_await as_outcome(with_nursery(failing))).what(), "1 error: body");
    auto draining = [&](nursery& n) -> task<> {
      u.body()(n);
      co_await sleep_for(1ms);
      n.cancel_after(1ms);
    };
    co_await with_nursery(draining);
  });
  EXPECT_EQ(s.log, service_last);
  EXPECT_EQ(t.log, service_last);
  EXPECT_EQ(u.log, service_last);
}

TEST(nursery, a_service_started_in_a_cancelled_nursery_never_runs) {
  bool ran = false;
  run_virtual([&]() -> task<> {
    auto service = [&]() -> task<> {
      ran = true;
      co_await sleep_forever();
    };
    auto body = [&](nursery& n) {
      n.cancel();
      n.start(as_service, service);
    };
    co_await with_nursery(body);
  });
  EXPECT_FALSE(ran);
}

TEST(nursery, a_nursery_of_services_alone_ends_with_its_body) {
  run_virtual([](nursery& n) -> task<> {
    n.start(as_service, sleep_forever);
    co_return;
  });
}

TEST(nursery, a_child_with_a_deadline_fails_when_that_is_over_wherever_it_runs) {
  auto sleeps = [] { sleep_for(1h).get(); };
  EXPECT_EQ(error_of([] {
              run_virtual([](nursery& n) { n.start(deadline(1s), [] { return sleep_for(1h); }); });
            }),
            "timed out");
  EXPECT_EQ(
      error_of([&] { run_virtual([&](nursery& n) { n.start(deadline(1s), on_fiber, sleeps); }); }),
      "timed out");
  EXPECT_EQ(
      error_of([&] { run_virtual([&](nursery& n) { n.start(deadline(1s), on_thread, sleeps); }); }),
      "timed out");
}

TEST(nursery, owns_the_callable_and_the_arguments_of_its_children) {
  std::weak_ptr<int> watched;
  bool alive = false;
  run_virtual([&](nursery& n) -> task<> {
    auto given = std::make_shared<int>(1), captured = std::make_shared<int>(2);
    watched = captured;
    auto child = [captured](std::shared_ptr<int> arg) -> task<int> {
      co_await sleep_for(1s);
      co_return *captured + *arg;
    };
    auto f = n.start(std::move(child), std::move(given));
    captured.reset();
    alive = !watched.expired();
    EXPECT_EQ(co_await f, 3);
  });
  EXPECT_TRUE(alive);
  EXPECT_TRUE(watched.expired());
}

TEST(nursery, a_function_that_returns_an_operation_or_a_future_is_a_child_too) {
  run_virtual([](nursery& n) -> task<> {
    time_point start = clock::now();
    auto f = n.start(sleep_for, 2s);
    co_await f;
    EXPECT_EQ(clock::now() - start, 2s);
  });
}

TEST(nursery, an_error_thrown_before_the_first_wait_of_a_child_goes_up_too) {
  EXPECT_EQ(error_of([] {
              run_virtual([](nursery& n) {
                n.start([]() -> task<> { throw std::runtime_error("at once"); });
              });
            }),
            "at once");
  EXPECT_EQ(error_of([] {
              run_virtual([](nursery& n) {
                n.start([]() -> sleep_operation { throw std::runtime_error("no wait"); });
              });
            }),
            "no wait");
}

TEST(nursery, blocking_get_in_a_coroutine_says_what_to_write) {
  EXPECT_EQ(error_of([] {
              run_virtual([]() -> task<> {
                sleep_for(1s).get();
                co_return;
              });
            }),
            "blocking get() inside a coroutine would stop its loop: use co_await");
}

}  // namespace
}  // namespace kettle
