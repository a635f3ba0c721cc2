#include <kettle/core/scope_handle.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;

TEST(scope_handle, cancels_from_a_foreign_thread) {
  cancel_scope s;
  std::thread other;
  run([&]() -> task<> {
    other = std::thread([h = s.handle()] { h.cancel("from outside"); });
    co_await in_scope(s, sleep_forever());
  });
  other.join();
  EXPECT_TRUE(s.caught());
  EXPECT_STREQ(s.reason(), "from outside");
}

TEST(scope_handle, moves_a_deadline_and_grants_a_grace) {
  for (bool relative : {false, true}) {
    cancel_scope s;
    std::thread other;
    run([&]() -> task<> {
      other = std::thread([h = s.handle(), relative] {
        if (relative)
          h.cancel_after(1ms);
        else
          h.deadline(clock::now() + 1ms);
      });
      co_await in_scope(s, sleep_forever());
    });
    other.join();
    EXPECT_TRUE(s.expired());
  }
}

TEST(scope_handle, is_heard_each_time) {
  run([]() -> task<> {
    cancel_scope s;
    scope_handle h = s.handle();
    auto asks_thrice = [h]() mutable -> task<> {
      for (auto grace : {2h, 1h}) co_await on_thread([&] { h.cancel_after(grace); });
      co_await on_thread([&] { h.cancel("enough"); });
      co_await sleep_forever();
    };
    EXPECT_FALSE(co_await in_scope(s, asks_thrice));
    EXPECT_STREQ(s.reason(), "enough");
  });
}

TEST(scope_handle, asks_a_scope_that_has_ended_for_nothing) {
  std::optional<scope_handle> kept;
  run([&]() -> task<> {
    cancel_scope s;
    kept = s.handle();
    co_await in_scope(s, sleep_for(1ms));
  });
  kept->cancel();
  std::thread([h = *kept] { h.cancel_after(1s); }).join();
}

TEST(scope_handle, of_a_scope_never_entered_may_go_in_any_order) {
  std::optional<scope_handle> kept;
  {
    cancel_scope s;
    kept = s.handle();
  }
  auto copy = *kept;
  kept.reset();
  copy.cancel();
}

TEST(scope_handle, gone_leaves_a_deadlock_an_error) {
  auto waits_for_ever = [](bool far) {
    return [far]() -> task<> {
      cancel_scope s;
      std::optional<scope_handle> h = s.handle();
      std::thread other;
      if (far)
        other = std::thread([g = *h]() mutable {
          std::this_thread::sleep_for(20ms);
          scope_handle last = std::move(g);
        });
      h.reset();
      struct joiner {
        std::thread& t;
        ~joiner() {
          if (t.joinable()) t.join();
        }
      } at_end{other};
      co_await in_scope(s, sleep_forever());
    };
  };
  EXPECT_THROW(run(waits_for_ever(false)), deadlock_error);
  EXPECT_THROW(run(waits_for_ever(true)), deadlock_error);
}

}  // namespace
}  // namespace kettle
