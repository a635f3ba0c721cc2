// Channels and locks between loops, fibers and threads, with random deadlines of a few microseconds
// on every wait: nothing is lost, nothing doubled, nobody hangs.

#include <kettle/core/outside_waker.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/sync/channel.hpp>
#include <kettle/sync/condition.hpp>
#include <kettle/sync/limiter.hpp>
#include <kettle/sync/mutex.hpp>
#include <kettle/sync/select.hpp>
#include <kettle/sync/semaphore.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace kettle {
namespace {

// Deadlines from already over to 30 us: before, during and after the hand-over.
class chance {
 public:
  explicit chance(unsigned seed) : state_(seed * 2654435761u + 1) {}
  unsigned operator()(unsigned below) {
    state_ = state_ * 1664525 + 1013904223;
    return (state_ >> 8) % below;
  }
  duration deadline() { return duration((*this)(30'000)); }

 private:
  unsigned state_;
};

constexpr int sends = 100'000;

struct ledger {
  explicit ledger(std::size_t capacity) : items(capacity), seen(sends) {}
  channel<int> items;
  std::vector<std::atomic<unsigned char>> seen;
  std::atomic<int> next{0}, taken{0}, timeouts{0};
  void book(int item) {
    ASSERT_EQ(seen[std::size_t(item)]++, 0) << item << " came twice";
    taken++;
  }
};

// The same step as a form, so that the coroutine, the fiber and the thread take it alike.
task<> send_some(ledger& l, sender<int> out, unsigned seed) {
  chance random(seed);
  for (int i; (i = l.next++) < sends;) {
    while (!co_await move_on_after(random.deadline(), out.send(i))) l.timeouts++;
  }
}

task<> take_some(ledger& l, receiver<int> in, unsigned seed) {
  chance random(seed);
  for (;;) {
    if (random(4) == 0) {
      auto got = co_await select(in.next(), sleep_for(random.deadline()));
      if (got.index() == 1) {
        l.timeouts++;
      } else {
        if (!std::get<0>(got)) co_return;
        l.book(*std::get<0>(got));
      }
    } else {
      auto got = co_await move_on_after(random.deadline(), in.next());
      if (!got) {
        l.timeouts++;
        continue;
      }
      if (!*got) co_return;
      l.book(**got);
    }
  }
}

template <class Step, class End>
void from_everywhere(ledger& l, Step step, End end, unsigned seed, nursery& n,
                     std::vector<std::thread>& threads) {
  n.start(step, std::ref(l), end, seed);
  n.start(on_fiber, [&l, step, end, seed] { step(l, end, seed + 1).get(); });
  for (unsigned t = 2; t < 4; t++)
    threads.emplace_back([&l, step, end, seed, t] { step(l, end, seed + t).get(); });
}

class handover : public testing::TestWithParam<std::size_t> {};

TEST_P(handover, of_a_hundred_thousand_items_loses_and_doubles_nothing) {
  ledger l(GetParam());
  outside_waker threads_wake_us;
  std::vector<std::thread> threads;
  run([&](nursery& n) {
    auto out = l.items.sender();
    auto in = l.items.receiver();
    from_everywhere(l, send_some, out, 1, n, threads);
    from_everywhere(l, take_some, in, 5, n, threads);
  });
  for (auto& t : threads) t.join();
  EXPECT_EQ(l.taken, sends);
  EXPECT_EQ(l.items.size(), 0u);
  EXPECT_GT(l.timeouts, 0);
}

INSTANTIATE_TEST_SUITE_P(capacity, handover, testing::Values(0, 1, 16));

constexpr int rounds = 25'000;  // by each of four

struct guarded {
  mutex m;
  semaphore s{2};
  limiter l{2};
  condition changed;
  long count = 0;
  std::atomic<int> inside_s{0}, inside_l{0};
};

task<> lock_some(guarded& g, std::atomic<long>& done, unsigned seed) {
  chance random(seed);
  for (int i = 0; i < rounds; i++) {
    switch (random(5)) {
      case 0:
        if (auto permit = co_await move_on_after(random.deadline(), g.s.acquire())) {
          EXPECT_LE(++g.inside_s, 2);
          if (random(64) == 0) co_await yield();
          g.inside_s--;
        }
        break;
      case 1:
        if (auto token = co_await move_on_after(random.deadline(), g.l.acquire())) {
          EXPECT_LE(++g.inside_l, 2);
          if (random(64) == 0) co_await yield();
          g.inside_l--;
        }
        break;
      case 2: {
        auto held = co_await g.m.lock();
        (void)co_await move_on_after(random.deadline(), g.changed.wait(held));
        g.count++;
        done++;
        break;
      }
      default:
        if (auto held = co_await move_on_after(random.deadline(), g.m.lock())) {
          g.count++;
          done++;
          if (random(64) == 0) co_await yield();
          g.changed.notify_one();
        }
    }
  }
}

TEST(handover, of_a_hundred_thousand_locks_keeps_each_alone) {
  guarded g;
  std::atomic<long> done{0};
  outside_waker threads_wake_us;
  std::vector<std::thread> threads;
  run([&](nursery& n) {
    n.start(lock_some, std::ref(g), std::ref(done), 1u);
    n.start(on_fiber, [&] { lock_some(g, done, 2).get(); });
    for (unsigned t = 3; t < 5; t++) threads.emplace_back([&, t] { lock_some(g, done, t).get(); });
  });
  for (auto& t : threads) t.join();
  EXPECT_EQ(g.count, done);
  EXPECT_FALSE(g.m.is_locked());
  EXPECT_EQ(g.s.available(), 2u);
  EXPECT_EQ(g.l.available(), 2);
}

}  // namespace
}  // namespace kettle
