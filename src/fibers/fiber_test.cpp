#include "fibers/fiber.hpp"

#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

TEST(fiber, runs_an_ordinary_function_and_gives_its_value) {
  auto add = [](int a, std::string b) { return a + int(b.size()); };
  int sum = run([&]() -> task<int> { co_return co_await on_fiber(add, 2, std::string("xyz")); });
  EXPECT_EQ(sum, 5);
}

TEST(fiber, throws_the_functions_error_as_itself) {
  auto fails = []() -> int { throw std::runtime_error("no"); };
  EXPECT_THROW(run([&]() -> task<int> { co_return co_await on_fiber(fails); }), std::runtime_error);
}

TEST(fiber, works_in_a_plain_thread_without_a_loop) {
  EXPECT_EQ(on_fiber([] { return 7; }).get(), 7);
}

TEST(fiber, others_run_while_one_waits) {
  std::string order;
  run(on_virtual_time, [&](nursery& n) {
    for (char c : {'a', 'b', 'c'}) {
      n.start(on_fiber, [&, c] {
        order += c;
        sleep_for(1s).get();
        order += char(c - 'a' + 'A');
      });
    }
    n.start([&]() -> task<> {
      order += '-';
      co_await yield();
      order += '.';
    });
  });
  EXPECT_EQ(order, "abc-.ABC");
}

TEST(fiber, yielding_fibers_take_turns_with_coroutines) {
  std::string order;
  run([&](nursery& n) {
    for (char c : {'a', 'b'}) {
      n.start(on_fiber, [&, c] {
        for (int i = 0; i < 3; i++) order += c, yield().get();
      });
    }
    n.start([&]() -> task<> {
      for (int i = 0; i < 3; i++) order += 'c', co_await yield();
    });
  });
  EXPECT_EQ(order, "abcabcabc");
}

TEST(fiber, yielding_fibers_do_not_keep_timers_waiting) {
  bool over = false;
  run([&](nursery& n) {
    for (int i = 0; i < 2; i++) {
      n.start(on_fiber, [&] {
        while (!over) yield().get();
      });
    }
    n.start([&]() -> task<> {
      co_await sleep_for(1ms);
      over = true;
    });
  });
  EXPECT_TRUE(over);
}

TEST(fiber, runs_a_coroutine_and_waits_for_it) {
  auto work = [](int x) -> task<int> {
    co_await sleep_for(1s);
    co_return 2 * x;
  };
  EXPECT_EQ(run(on_virtual_time, [&]() -> task<int> { co_return co_await on_fiber(work, 21); }),
            42);
}

TEST(fiber, a_cancelled_wait_throws_and_destructors_run) {
  std::string order;
  struct noisy {
    std::string& order;
    ~noisy() { order += "~"; }
  };
  run(on_virtual_time, [&](nursery& n) {
    n.start(on_fiber, [&] {
      noisy guard{order};
      try {
        sleep_forever().get();
      } catch (const cancelled&) {
        order += "c";
        throw;
      }
    });
    n.start([&]() -> task<> {
      co_await sleep_for(1s);
      n.cancel();
    });
  });
  EXPECT_EQ(order, "c~");
}

TEST(fiber, cancelled_before_its_first_step_never_runs) {
  bool ran = false;
  run([&](nursery& n) {
    n.start(on_fiber, [&] { ran = true; });
    n.cancel();
  });
  EXPECT_FALSE(ran);
}

TEST(fiber, its_future_cancels_it_alone) {
  bool other = false;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto f = n.start(on_fiber, [] { sleep_forever().get(); });
    n.start(on_fiber, [&] {
      sleep_for(2s).get();
      other = true;
    });
    co_await sleep_for(1s);
    f.cancel();
  });
  EXPECT_TRUE(other);
}

TEST(fiber, the_nursery_waits_for_its_cleanup) {
  bool cleaned = false;
  run(on_virtual_time, [&](nursery& n) {
    n.start(on_fiber, [&] {
      try {
        sleep_forever().get();
      } catch (const cancelled&) {
        shielded(1min, sleep_for(1s)).get();
        cleaned = true;
        throw;
      }
    });
    n.start([&]() -> task<> {
      co_await yield();
      n.cancel();
    });
  });
  EXPECT_TRUE(cleaned);
}

TEST(fiber, deadlines_reach_into_it) {
  bool done = true;
  run(on_virtual_time, [&]() -> task<> {
    done = co_await move_on_after(1s, on_fiber([] { sleep_for(1h).get(); }));
  });
  EXPECT_FALSE(done);
}

TEST(fiber, opens_nurseries_of_its_own) {
  int sum = 0;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      with_nursery([&](nursery& inner) {
        for (int i = 1; i <= 10; i++) inner.start(on_fiber, [&, i] { sum += i; });
      }).get();
      sum *= 2;
    });
  });
  EXPECT_EQ(sum, 110);
}

TEST(fiber, waits_inside_a_catch_block) {
  std::vector<int> caught;
  run([&](nursery& n) {
    for (int i = 0; i < 50; i++) {
      n.start(on_fiber, [&, i] {
        try {
          try {
            throw i;
          } catch (...) {
            yield().get();
            throw;
          }
        } catch (int x) {
          if (x == i) caught.push_back(x);
        }
      });
    }
  });
  EXPECT_EQ(caught.size(), 50u);
}

TEST(fiber, ten_thousand_sleep_at_once) {
  int woken = 0;
  run(on_virtual_time, [&](nursery& n) {
    for (int i = 0; i < 10'000; i++) {
      n.start(on_fiber, [&, i] {
        sleep_for(1ms * (i % 100)).get();
        woken++;
      });
    }
  });
  EXPECT_EQ(woken, 10'000);
}

TEST(fiber, one_after_the_other_uses_one_stack_again) {
  long sum = 0;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      for (int i = 0; i < 10'000; i++) sum += n.start(on_fiber, [i] { return i; }).get();
    });
  });
  EXPECT_EQ(sum, 9999l * 10'000 / 2);
}

TEST(fiber, lives_on_several_threads_at_once_each_with_its_own_stacks) {
  // No thread can be started from here but by hand: each runs a loop of its own.
  std::vector<int> sums(4);
  std::vector<pthread_t> threads(4);
  auto body = [](void* out) -> void* {
    int& sum = *static_cast<int*>(out);
    run([&](nursery& n) {
      for (int i = 0; i < 1000; i++) {
        n.start(on_fiber, [&] {
          yield().get();
          sum++;
        });
      }
    });
    return nullptr;
  };
  for (int i = 0; i < 4; i++) ASSERT_EQ(pthread_create(&threads[i], nullptr, body, &sums[i]), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], nullptr);
  EXPECT_EQ(sums, std::vector<int>(4, 1000));
}

}  // namespace
}  // namespace kettle
