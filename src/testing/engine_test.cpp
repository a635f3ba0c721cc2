#include "testing/engine.hpp"

#include "sys/thread.hpp"

#include <kettle/core/context.hpp>
#include <kettle/testing.hpp>

#include <gtest/gtest.h>

namespace kettle::testing::detail {
namespace {

schedule_result play(const std::function<void()>& body, path p = {}) {
  engine e({});
  auto s = make_replay(std::move(p));
  s->begin();
  return e.play(body, *s);
}

TEST(engine, plays_a_schedule_to_the_end_of_all_threads) {
  int steps = 0;
  schedule_result r = play([&] { testing::thread a([&] { steps++; }), b([&] { steps++; }); });
  EXPECT_EQ(r.failed.kind, "");
  EXPECT_EQ(steps, 2);
}

TEST(engine, equal_schedules_have_equal_hashes) {
  auto body = [] {
    atomic<int> n{0};
    testing::thread other([&] { n.fetch_add(1, relaxed); });
    n.fetch_add(1, relaxed);
  };
  EXPECT_EQ(play(body).hash, play(body).hash);
  EXPECT_NE(play(body).hash, play(body, {{0, 1}}).hash);
}

TEST(engine, each_thread_has_its_own_thread_state) {
  play([] {
    context& mine = this_context();
    testing::thread other([&] { EXPECT_NE(&this_context(), &mine); });
    other.join();
    EXPECT_EQ(&this_context(), &mine);
  });
}

TEST(engine, a_thread_may_be_taken_off_while_it_handles_an_exception) {
  schedule_result r = play(
      [] {
        atomic<int> n{0};
        auto f = [&](int number) {
          return [&, number] {
            try {
              throw number;
            } catch (int caught) {
              n.fetch_add(1, relaxed);
              try {
                throw;
              } catch (int again) {
                EXPECT_EQ(again, number);
              }
              EXPECT_EQ(caught, number);
            }
          };
        };
        testing::thread a(f(1)), b(f(2));
      },
      {{3, 2}, {5, 1}});
  EXPECT_EQ(r.failed.kind, "");
}

TEST(engine, a_thread_that_nobody_joins_is_a_leak) {
  auto nothing = [](void*) -> void* { return nullptr; };
  for (bool detached : {false, true}) {
    schedule_result r = play([&] {
      sys::thread_handle t;
      sys::start_thread(t, nothing, nullptr);
      if (detached) sys::detach_thread(t);
    });
    EXPECT_EQ(r.failed.kind, detached ? "" : "leak");
  }
}

TEST(engine, more_threads_than_it_can_play_are_refused) {
  schedule_result r = play([] {
    for (int i = 0; i < 40; i++) testing::thread t([] {});
  });
  EXPECT_EQ(r.failed.kind, "limit");
}

}  // namespace
}  // namespace kettle::testing::detail
