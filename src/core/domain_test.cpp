// One clock and one busy count for several homes.

#include "core/domain.hpp"

#include "base/sanitized.hpp"
#include "core/home.hpp"

#include <kettle/kettle.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

TEST(domain, homes_of_one_run_share_its_virtual_clock) {
  run_virtual([](nursery& n) -> task<> {
    time_point start = clock::now();
    auto sleeps = [](int seconds) {
      sleep_for(seconds * 1s).get();
      return clock::now();
    };
    auto a = n.start(on_thread, sleeps, 3600);
    auto b = n.start(on_thread, sleeps, 1800);
    co_await sleep_for(900s);
    EXPECT_EQ(clock::now() - start, 900s);
    EXPECT_EQ(co_await a - start, 3600s);
    EXPECT_EQ(co_await b - start, 1800s);
  });
}

TEST(domain, the_clock_stands_while_a_thread_is_in_ordinary_code) {
  run_virtual([](nursery& n) -> task<> {
    time_point start = clock::now();
    auto blocks = [] {
      std::this_thread::sleep_for(10ms);
      return clock::now();
    };
    auto f = n.start(on_thread, blocks);
    n.start(as_service, [] { return sleep_for(1h); });
    EXPECT_EQ(co_await f - start, 0s);
  });
}

TEST(domain, a_deadlock_over_two_homes_is_found) {
  auto stuck = [] { sleep_forever().get(); };
  EXPECT_THROW(run_virtual([&](nursery& n) { n.start(on_thread, stuck); }), deadlock_error);
  EXPECT_THROW(run([&](nursery& n) { n.start(on_thread, stuck); }), deadlock_error);
}

TEST(domain, a_thread_in_ordinary_code_is_no_deadlock) {
  int got = run([](nursery& n) -> task<int> {
    auto blocks = [] {
      std::this_thread::sleep_for(10ms);
      return 7;
    };
    auto f = n.start(on_thread, blocks);
    co_return co_await f;
  });
  EXPECT_EQ(got, 7);
}

// Any thread may end it, and nothing tells whether one will.
struct open_wait : operation<open_wait> {
  explicit open_wait(atomic<open_wait*>& at) noexcept : slot(at) { abortable_ = false; }
  bool start() override {
    who().at_->open_waits.fetch_add(1, relaxed);
    slot.store(this, release);
    return false;
  }
  void unlink() noexcept override {}
  void cancel() noexcept override {}
  bool give_up() noexcept override {
    gave_up = grant();
    if (gave_up) granted();
    return gave_up;
  }
  const char* what() const noexcept override { return "open wait"; }
  bool finish() noexcept {
    who().at_->open_waits.fetch_sub(1, relaxed);
    return !gave_up;
  }
  atomic<open_wait*>& slot;
  bool gave_up = false;
};

TEST(domain, an_open_wait_ends_the_run_if_no_other_thread_could_end_it) {
  if (KETTLE_TSAN) GTEST_SKIP() << "TSan may have a thread of its own, which could end it";
  atomic<open_wait*> at{nullptr};
  bool ended = true;
  auto waits = [&]() -> task<> { ended = co_await open_wait(at); };
  EXPECT_THROW(run(waits), deadlock_error);
  EXPECT_FALSE(ended);
  ended = true;
  EXPECT_THROW(run_virtual(waits), deadlock_error);
  EXPECT_FALSE(ended);
}

TEST(domain, an_open_wait_is_no_deadlock_while_another_thread_could_end_it) {
  atomic<open_wait*> at{nullptr};
  bool ended = false;
  std::thread other([&] {
    std::this_thread::sleep_for(250ms);  // so long that it is asked for more than once
    open_wait* w = at.load(acquire);
    if (w->grant()) w->granted();
  });
  run([&]() -> task<> { ended = co_await open_wait(at); });
  other.join();
  EXPECT_TRUE(ended);
}

TEST(domain, a_timer_goes_before_an_open_wait_is_judged) {
  atomic<open_wait*> at{nullptr};
  bool ended = false;
  run_virtual([&](nursery& n) -> task<> {
    n.start([&]() -> task<> {
      co_await sleep_for(10h);
      open_wait* w = at.load(acquire);
      if (w->grant()) w->granted();
    });
    ended = co_await open_wait(at);
  });
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace kettle
