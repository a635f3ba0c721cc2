#include <kettle/core/outside_waker.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/channel.hpp>
#include <kettle/sync/event.hpp>
#include <kettle/sync/mutex.hpp>
#include <kettle/sync/select.hpp>
#include <kettle/sync/semaphore.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

TEST(select, takes_the_first_in_the_list_that_can_happen_at_once) {
  channel<int> a(1), b(1);
  a.try_send(1);
  b.try_send(2);
  auto got = select(b.next(), a.next(), sleep_for(1s)).get();
  EXPECT_EQ(got.index(), 0u);
  EXPECT_EQ(std::get<0>(got), 2);
  EXPECT_EQ(a.size(), 1u);
  auto again = select(b.next(), a.receive()).get();
  EXPECT_EQ(again.index(), 1u);
  EXPECT_EQ(std::get<1>(again), 1);
}

TEST(select, waits_for_whatever_happens_first_and_leaves_the_rest_alone) {
  channel<int> a(0), b(0);
  event stop;
  semaphore s(0);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    n.start([&]() -> task<> {
      co_await sleep_for(1s);
      co_await b.send(5);
      co_await sleep_for(1s);
      s.release();
      co_await sleep_for(1s);
      stop.set();
    });
    auto got = co_await select(a.next(), b.next(), s.acquire(), stop.wait(), sleep_for(10s));
    EXPECT_EQ(got.index(), 1u);
    EXPECT_EQ(std::get<1>(got), 5);
    EXPECT_FALSE(a.try_send(1));  // nobody waits there any more
    auto permit = co_await select(a.send(3), s.acquire(), stop.wait());
    EXPECT_EQ(permit.index(), 1u);
    EXPECT_TRUE(std::get<1>(permit));
    EXPECT_EQ(a.try_receive(), std::nullopt);
    EXPECT_EQ((co_await select(a.next(), stop.wait())).index(), 1u);
    EXPECT_EQ((co_await select(a.next(), sleep_for(1s))).index(), 1u);
    EXPECT_EQ((co_await select(a.next(), sleep_for(0s))).index(), 1u);
  });
}

TEST(select, of_futures_leaves_the_others_to_be_awaited) {
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto after = [](duration d, int x) -> task<int> {
      co_await sleep_for(d);
      co_return x;
    };
    auto slow = n.start(after, 2s, 20), fast = n.start(after, 1s, 10);
    auto got = co_await select(slow, fast);
    EXPECT_EQ(got.index(), 1u);
    EXPECT_EQ(std::get<1>(got), 10);
    EXPECT_FALSE(fast.valid());
    EXPECT_FALSE(co_await move_on_after(500ms, select(slow)));
    EXPECT_EQ(co_await slow, 20);
  });
}

TEST(select, cancelled_has_done_nothing) {
  channel<int> a(0);
  mutex m;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto g = co_await m.lock();
    n.start([&]() -> task<> {
      EXPECT_FALSE(co_await move_on_after(1s, select(a.next(), m.lock(), a.send(4))));
      EXPECT_FALSE(a.try_send(1));
      EXPECT_EQ(a.try_receive(), std::nullopt);
    });
    co_await sleep_for(2s);
  });
  EXPECT_FALSE(m.is_locked());
}

TEST(select, a_permit_won_in_a_scope_cancelled_meanwhile_is_handed_on) {
  semaphore s(0);
  run(on_virtual_time, [&]() -> task<> {
    cancel_scope scope;
    co_await all(in_scope(scope, select(s.acquire(), sleep_for(5s))), [&]() -> task<> {
      co_await sleep_for(1s);
      s.release();
      scope.cancel();
    });
    EXPECT_EQ(s.available(), 1u);
  });
}

TEST(select, does_not_meet_itself) {
  channel<int> c(0);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto both = n.start([&] { return select(c.send(1), c.receive()); });
    co_await sleep_for(1s);
    EXPECT_EQ(co_await c.receive(), 1);
    EXPECT_EQ((co_await both).index(), 0u);
    both = n.start([&] { return select(c.send(1), c.receive()); });
    co_await sleep_for(1s);
    co_await c.send(9);
    auto got = co_await both;
    EXPECT_EQ(std::get<1>(got), 9);
  });
}

TEST(select, an_error_of_one_is_thrown_and_the_others_are_left) {
  channel<int> a(0), b(0);
  a.close();
  event never_set;
  EXPECT_THROW((void)select(never_set.wait(), b.receive(), a.send(1)).get(), closed_resource);
  mutex m;
  auto g = m.lock().get();
  EXPECT_THROW((void)select(never_set.wait(), m.lock()).get(), usage_error);
}

// Every item is sent by one of two selects and taken by one of two others, each on its own thread.
TEST(select, between_threads_loses_and_doubles_nothing) {
  channel<int> a(0), b(1);
  constexpr int items = 20'000;
  std::atomic<long> sum{0};
  std::atomic<int> taken{0};
  auto produce = [&](int first, sender<int> x, sender<int> y) {
    for (int i = first; i < items; i += 2) {
      if (i % 3)
        (void)select(x.send(i), y.send(i)).get();
      else
        (void)select(y.send(i), x.send(i)).get();
    }
  };
  auto consume = [&](receiver<int> x, receiver<int> y) {
    for (bool more_x = true, more_y = true; more_x || more_y;) {
      std::optional<int> got;
      if (more_x && more_y) {
        auto which = select(x.next(), y.next()).get();
        if (which.index() == 0)
          more_x = (got = std::get<0>(which)).has_value();
        else
          more_y = (got = std::get<1>(which)).has_value();
      } else {
        got = (more_x ? x : y).next().get();
        if (!got) break;
      }
      if (got) sum += *got, taken++;
    }
  };
  std::vector<std::thread> threads;
  auto out_a = a.sender(), out_b = b.sender();  // held until all threads have theirs
  auto in_a = a.receiver(), in_b = b.receiver();
  for (int i = 0; i < 2; i++) {
    threads.emplace_back(consume, in_a, in_b);
    threads.emplace_back(produce, i, out_a, out_b);
  }
  for (auto* out : {&out_a, &out_b}) out->close();
  for (auto* in : {&in_a, &in_b}) in->close();
  for (auto& t : threads) t.join();
  EXPECT_EQ(taken, items);
  EXPECT_EQ(sum, long(items) * (items - 1) / 2);
}

TEST(select, of_a_future_that_another_thread_completes) {
  for (int i = 0; i < 300; i++) {
    channel<int> c(0);
    outside_waker other_may_wake_us;
    run([&](nursery& n) {
      auto f = n.start([]() -> task<int> {
        co_await yield();
        co_return 1;
      });
      auto shared = std::make_shared<future<int>>(std::move(f));
      std::thread other([shared, out = c.receiver()] {
        auto got = select(*shared, out.next()).get();
        int value = got.index() == 1 ? shared->get() : std::get<0>(got);
        EXPECT_EQ(value, 1);
      });
      n.start([&, t = std::make_shared<std::thread>(std::move(other))]() -> task<> {
        c.try_send(1);
        co_await yield();
        co_await sleep_for(1us);
        t->join();
      });
    });
  }
}

}  // namespace
}  // namespace kettle
