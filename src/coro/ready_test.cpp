#include <kettle/coro/ready.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

task<> never_ready(started<int>&) { co_await sleep_forever(); }

TEST(start_ready, in_a_nursery_that_is_cancelled_already_throws_cancelled) {
  std::string end = "none";
  run_virtual([&](nursery& outer) -> task<> {
    auto body = [&](nursery& n) -> task<> {
      n.cancel();
      auto asks = [&]() -> task<> {  // outside n: nobody cancels this wait
        try {
          co_await n.start_ready(never_ready);
        } catch (const cancelled&) {
          end = "cancelled";
        }
      };
      auto f = outer.start(asks);
      co_await shielded(1h, f);
    };
    co_await with_nursery(body);
  });
  EXPECT_EQ(end, "cancelled");
}

TEST(start_ready, a_child_that_the_nursery_cancels_made_no_usage_error) {
  std::string end = "none";
  run_virtual([&](nursery& outer) -> task<> {
    auto body = [&](nursery& n) -> task<> {
      auto asks = [&]() -> task<> {
        try {
          co_await n.start_ready(never_ready);
        } catch (const cancelled&) {
          end = "cancelled";
        }
      };
      auto f = outer.start(asks);
      co_await sleep_for(1s);
      n.cancel();
      co_await shielded(1h, f);
    };
    co_await with_nursery(body);
  });
  EXPECT_EQ(end, "cancelled");
}

TEST(start_ready, given_up_it_throws_the_error_of_the_child_s_cleanup) {
  std::string error = "none";
  run_virtual([&](nursery& n) -> task<> {
    auto child = [](started<int>&) -> task<> {
      try {
        co_await sleep_forever();
      } catch (const cancelled&) {
        throw std::runtime_error("cleanup failed");
      }
    };
    try {
      co_await move_on_after(1s, n.start_ready(child));
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
  });
  EXPECT_EQ(error, "cleanup failed");
}

TEST(start_ready, an_error_after_started_belongs_to_the_nursery) {
  std::string at_call = "none", at_end = "none";
  try {
    run_virtual([&](nursery& n) -> task<> {
      auto child = [](started<std::string>& ready, std::string who) -> task<> {
        ready(who);
        co_await sleep_for(1s);
        throw std::runtime_error("later");
      };
      at_call = co_await n.start_ready(child, std::string("me"));
    });
  } catch (const std::runtime_error& e) {
    at_end = e.what();
  }
  EXPECT_EQ(at_call, "me");
  EXPECT_EQ(at_end, "later");
}

}  // namespace
}  // namespace kettle
