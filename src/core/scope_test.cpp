#include "core/home.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

TEST(scope, a_reason_is_kept_and_told) {
  std::string told;
  run_virtual([&]() -> task<> {
    cancel_scope outer, inner;
    outer.cancel("closing time");
    auto in_inner = [&]() -> task<> {
      try {
        co_await sleep_forever();
      } catch (const cancelled& c) {
        told = c.reason;
        throw;
      }
    };
    co_await in_scope(outer, in_scope(inner, in_inner));
  });
  EXPECT_EQ(told, "closing time");
}

TEST(scope, a_deadline_is_the_reason_of_what_it_ends) {
  std::string told;
  run_virtual([&]() -> task<> {
    auto sleeper = [&]() -> task<> {
      try {
        co_await sleep_forever();
      } catch (const cancelled& c) {
        told = c.reason;
        throw;
      }
    };
    co_await move_on_after(1s, sleeper);
  });
  EXPECT_EQ(told, "deadline");
}

TEST(scope, a_shield_set_between_two_waits_holds_off_the_future_s_cancel) {
  std::vector<std::string> seen;
  run_virtual([&](nursery& n) -> task<> {
    auto child = [&]() -> task<> {
      co_await shielded(5s, sleep_for(2s));
      seen.push_back("shielded sleep over");
      co_await sleep_for(1s);
      seen.push_back("never");
    };
    auto f = n.start(child);
    co_await sleep_for(1s);
    f.cancel();
    co_await sleep_for(5s);
  });
  EXPECT_EQ(seen, std::vector<std::string>{"shielded sleep over"});
}

TEST(scope, a_future_s_cancel_reaches_all_who_hang_on_its_child) {
  int cleaned = 0;
  auto leaf = [&]() -> task<> { co_await finally(sleep_forever(), [&] { cleaned++; }); };
  run_virtual([&](nursery& n) -> task<> {
    auto branch = [&]() -> task<> {
      auto body = [&](nursery& inner) { inner.start(leaf), inner.start(leaf); };
      co_await move_on_after(1h, with_nursery(body));
    };
    auto f = n.start(branch);
    co_await sleep_for(1s);
    f.cancel();
  });
  EXPECT_EQ(cleaned, 2);
}

TEST(scope, a_scope_entered_by_a_cancelled_child_is_cancelled_too) {
  bool entered = false, ended = false;
  run_virtual([&](nursery& n) -> task<> {
    auto child = [&]() -> task<> {
      try {
        co_await sleep_forever();
      } catch (const cancelled&) {}
      entered = true;
      co_await move_on_after(1h, sleep_for(1s));
      ended = true;
    };
    auto f = n.start(child);
    co_await yield();
    f.cancel();
  });
  EXPECT_TRUE(entered);
  EXPECT_FALSE(ended);
}

TEST(scope, check_cancelled_leaves_the_running_task_as_it_was) {
  context* before = nullptr;
  context* after = nullptr;
  run_virtual([&](nursery& n) -> task<> {
    auto child = [&]() -> task<> {
      before = tls.current;
      struct note final : mail {  // stands for a child that has ended on another thread
        note() noexcept : mail([](mail&) noexcept { tls.current = &tls.at->thread(); }) {}
      } note;
      post(*tls.at, note);
      check_cancelled();
      after = tls.current;
      co_return;
    };
    n.start(child);
    co_return;
  });
  EXPECT_EQ(before, after);
}

TEST(scope, check_cancelled_sees_a_deadline_that_has_passed_while_computing) {
  bool cut = false;
  run([&]() -> task<> {
    auto compute = [&] {
      for (;;) {
        try {
          check_cancelled();
        } catch (const cancelled&) {
          cut = true;
          throw;
        }
      }
    };
    co_await move_on_after(1ms, compute);
  });
  EXPECT_TRUE(cut);
}

TEST(scope, deadlines_of_siblings_do_not_touch_each_other) {
  std::vector<std::string> seen;
  run_virtual([&](nursery& n) -> task<> {
    auto child = [&](duration d, const char* who) -> task<> {
      bool finished = co_await move_on_after(d, sleep_for(2s));
      seen.push_back(std::string(who) + (finished ? " slept" : " cut"));
    };
    n.start(child, 1s, "short");
    n.start(child, 3s, "long");
    co_return;
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"short cut", "long slept"}));
}

TEST(scope, a_child_s_deadline_is_limited_by_its_nursery_s_moved_one) {
  duration ended{};
  run_virtual([&]() -> task<> {
    time_point start = clock::now();
    cancel_scope outer;
    auto body = [&](nursery& n) -> task<> {
      auto child = [&]() -> task<> {
        try {
          co_await move_on_after(10s, sleep_forever());
        } catch (const cancelled&) {
          ended = clock::now() - start;
          throw;
        }
      };
      n.start(child);
      co_await sleep_for(1s);
      outer.deadline(start + 3s);
    };
    co_await in_scope(outer, with_nursery(body));
  });
  EXPECT_EQ(ended, 3s);
}

TEST(scope, has_not_expired_when_its_block_gave_its_value_in_spite_of_the_deadline) {
  run_virtual([&]() -> task<> {
    cancel_scope late;
    late.cancel_after(1s);
    auto block = [&]() -> task<int> {
      co_await shielded(duration::max(), sleep_for(2s));
      EXPECT_TRUE(late.expired());  // so far
      co_return 7;
    };
    EXPECT_EQ(co_await in_scope(late, block), 7);
    EXPECT_FALSE(late.expired());
    EXPECT_FALSE(late.caught());
  });
}

TEST(scope, destroyed_while_open_is_an_assertion) {
  EXPECT_DEATH(
      {
        alignas(cancel_scope) char room[sizeof(cancel_scope)];
        auto* s = new (room) cancel_scope;
        s->enter(this_context());
        s->~cancel_scope();
      },
      "a scope was destroyed while still open");
}

}  // namespace
}  // namespace kettle
