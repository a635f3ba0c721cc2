// The claim: a wait ends granted or cancelled, by one of the two.

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

// A wait that the test grants by hand.
struct by_hand : operation<by_hand> {
  bool start() override {
    if (refuse) throw usage_error("refused");
    linked = true;
    return ready;
  }
  void unlink() noexcept override { linked = false; }
  const char* what() const noexcept override { return "by_hand"; }
  int finish() noexcept { return 7; }
  bool ready = false, refuse = false, linked = false;
};

TEST(wait_point, the_first_claim_counts) {
  std::string granted_first, cancelled_first;
  by_hand one, two;
  cancel_scope s, t;
  run_virtual([&](nursery& n) -> task<> {
    auto wait = [&](by_hand& w, cancel_scope& s, std::string& into) -> task<> {
      auto body = [&]() -> task<> {
        try {
          into = std::to_string(co_await w);
        } catch (const cancelled&) {
          into = "cancelled";
          throw;
        }
      };
      co_await in_scope(s, body);
    };
    n.start(wait, std::ref(one), std::ref(s), std::ref(granted_first));
    n.start(wait, std::ref(two), std::ref(t), std::ref(cancelled_first));
    co_await yield();
    EXPECT_TRUE(one.grant());
    s.cancel();  // too late
    one.granted();
    t.cancel();
    EXPECT_FALSE(two.grant());  // too late
    EXPECT_FALSE(two.linked);
    EXPECT_TRUE(one.linked);
    co_await sleep_for(1s);
  });
  EXPECT_EQ(granted_first, "7");
  EXPECT_EQ(cancelled_first, "cancelled");
}

TEST(wait_point, one_whose_start_throws_waits_for_nothing) {
  run_virtual([]() -> task<> {
    by_hand w;
    w.refuse = true;
    bool thrown = false;
    try {
      co_await w;
    } catch (const usage_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(tls.current->waiting_, nullptr);
    EXPECT_FALSE(
        co_await move_on_after(1s, sleep_forever()));  // and a later cancel finds the right wait
  });
}

TEST(wait_point, one_that_is_ready_does_not_suspend) {
  run_virtual([]() -> task<> {
    by_hand w;
    w.ready = true;
    EXPECT_EQ(co_await w, 7);
  });
}

TEST(context, outside_kettle_is_the_thread_s_own) {
  context& c = this_context();
  EXPECT_TRUE(c.can_block());
  EXPECT_EQ(&c, &this_context());
}

}  // namespace
}  // namespace kettle
