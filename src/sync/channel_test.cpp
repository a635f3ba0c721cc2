#include <kettle/core/outside_waker.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/sync/channel.hpp>
#include <kettle/sync/select.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> drain(receiver<int> in, std::vector<int>& got) {
  while (auto x = co_await in.next()) got.push_back(*x);
}

TEST(channel, try_send_of_a_third_into_two_places_would_block) {
  channel<int> c(2);
  EXPECT_TRUE(c.try_send(1));
  EXPECT_TRUE(c.try_send(2));
  EXPECT_FALSE(c.try_send(3));
  EXPECT_EQ(c.size(), 2u);
  EXPECT_EQ(c.try_receive(), 1);
  EXPECT_TRUE(c.try_send(3));
  EXPECT_EQ(c.receive().get(), 2);
  EXPECT_EQ(c.receive().get(), 3);
  EXPECT_EQ(c.try_receive(), std::nullopt);
}

TEST(channel, receivers_drain_it_after_the_last_sender_then_it_ends) {
  channel<int> c(2);
  {
    auto a = c.sender();
    auto b = a;
    a.send(1).get();
    a.close();
    b.send(2).get();
  }
  EXPECT_EQ(c.receive().get(), 1);
  EXPECT_EQ(c.next().get(), 2);
  EXPECT_EQ(c.next().get(), std::nullopt);
  EXPECT_THROW(c.receive().get(), end_of_channel);
  EXPECT_THROW((void)c.try_receive(), end_of_channel);
  EXPECT_THROW((void)c.sender(), usage_error);
}

TEST(channel, the_object_keeps_nothing_open) {
  channel<int> c(2);
  std::vector<int> got;
  run(on_virtual_time, [&](nursery& n) {
    n.start(drain, c.receiver(), std::ref(got));
    n.start(
        [](sender<int> out) -> task<> {
          for (int i = 0; i < 5; i++) co_await out.send(i);
        },
        c.sender());
  });
  EXPECT_EQ(got, std::vector<int>({0, 1, 2, 3, 4}));
}

TEST(channel, a_rendezvous_send_completes_only_when_received) {
  channel<int> c(0);
  std::string log;
  EXPECT_FALSE(c.try_send(0));
  run(on_virtual_time, [&](nursery& n) -> task<> {
    n.start([&]() -> task<> {
      co_await c.send(1);
      log += "sent";
    });
    co_await sleep_for(1s);
    EXPECT_EQ(log, "");
    EXPECT_EQ(co_await c.receive(), 1);
    co_await sleep_for(1s);
    EXPECT_EQ(log, "sent");

    auto got = n.start([&] { return c.receive(); });
    co_await sleep_for(1s);
    EXPECT_TRUE(c.try_send(2));  // somebody waits
    EXPECT_EQ(co_await got, 2);
  });
}

TEST(channel, blocked_senders_are_told_when_the_last_receiver_goes) {
  channel<int> c(0);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto in = c.receiver();
    auto sent = n.start(as_outcome, [&] { return c.send(1); });
    co_await sleep_for(1s);
    in.close();
    auto end = co_await sent;
    EXPECT_TRUE(end.error_as<broken_resource>());
    EXPECT_THROW(co_await c.send(2), broken_resource);
    EXPECT_FALSE(c.try_send(2));
    EXPECT_THROW((void)c.receiver(), usage_error);
    EXPECT_THROW((void)in.receive(), closed_resource);
  });
}

TEST(channel, close_refuses_senders_and_drains_receivers) {
  channel<int> c(1);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    co_await c.send(1);
    auto blocked = n.start(as_outcome, [&] { return c.send(2); });
    co_await sleep_for(1s);
    c.close();
    auto end = co_await blocked;
    EXPECT_TRUE(end.error_as<closed_resource>());
    EXPECT_THROW(co_await c.send(3), closed_resource);
    EXPECT_EQ(co_await c.next(), 1);
    EXPECT_EQ(co_await c.next(), std::nullopt);
  });
}

TEST(channel, ends_outlive_the_object) {
  auto c = std::make_unique<channel<std::string>>(2);
  auto out = c->sender();
  auto in = c->receiver();
  c.reset();
  out.send("still here").get();
  out.close();
  EXPECT_EQ(in.next().get(), "still here");
  EXPECT_EQ(in.next().get(), std::nullopt);
  channel<int> d(1);
  auto lonely = d.sender();
  {
    channel<int> e(1);
    auto unheard = e.sender();
    lonely = d.sender();
    std::swap(lonely, lonely);
    EXPECT_TRUE(unheard.try_send(1));
  }
  EXPECT_TRUE(lonely.try_send(1));
}

TEST(channel, without_its_object_and_a_receiver_it_is_broken) {
  auto c = std::make_unique<channel<int>>(1);
  auto out = c->sender();
  c.reset();
  EXPECT_THROW(out.send(1).get(), broken_resource);
}

TEST(channel, is_fair_to_senders_and_receivers) {
  channel<int> c(1);
  std::vector<int> got;
  run(on_virtual_time, [&](nursery& n) -> task<> {
    for (int i = 0; i < 4; i++) {
      n.start([&, i]() -> task<> {
        for (int round = 0; round < 2; round++) co_await c.send(10 * round + i);
      });
    }
    co_await sleep_for(1s);
    for (int i = 0; i < 8; i++) {
      got.push_back(co_await c.receive());
      co_await sleep_for(1s);
    }
  });
  EXPECT_EQ(got, std::vector<int>({0, 10, 1, 2, 3, 11, 12, 13}));
}

TEST(channel, a_cancelled_receive_loses_nothing_and_a_cancelled_send_sent_nothing) {
  channel<int> c(0);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    EXPECT_FALSE(co_await move_on_after(1s, c.receive()));
    EXPECT_FALSE(c.try_send(1));
    EXPECT_FALSE(co_await move_on_after(1s, c.send(2)));
    EXPECT_EQ(c.try_receive(), std::nullopt);
    auto got = n.start([&] { return c.receive(); });
    co_await c.send(3);
    EXPECT_EQ(co_await got, 3);
  });
}

TEST(channel, an_item_received_is_kept_though_the_scope_was_cancelled_meanwhile) {
  channel<int> c(0);
  run(on_virtual_time, [&]() -> task<> {
    int got = 0;
    bool sent = false;
    cancel_scope receiving, sending;
    auto receive = [&]() -> task<> {
      got = co_await c.receive();
      co_await c.receive();  // this one throws
      ADD_FAILURE();
    };
    co_await all(in_scope(receiving, receive), [&]() -> task<> {
      co_await sleep_for(1s);
      co_await c.send(5);
      receiving.cancel();
    });
    EXPECT_EQ(got, 5);
    EXPECT_TRUE(receiving.caught());

    auto send = [&]() -> task<> {
      co_await c.send(6);
      sent = true;
      co_await c.send(7);
      ADD_FAILURE();
    };
    co_await all(in_scope(sending, send), [&]() -> task<> {
      co_await sleep_for(1s);
      EXPECT_EQ(co_await c.receive(), 6);
      sending.cancel();
    });
    EXPECT_TRUE(sent);
  });
}

struct job {
  std::string what;
  int times;
};

TEST(channel, carries_what_can_only_be_moved_and_what_has_braces) {
  channel<std::unique_ptr<int>> pointers(1);
  pointers.send(std::make_unique<int>(7)).get();
  EXPECT_EQ(*pointers.receive().get(), 7);
  channel<job> jobs(1);
  run([&]() -> task<> {
    co_await jobs.emplace("brew", 2);
    job j = co_await jobs.receive();
    EXPECT_EQ(j.what, "brew");
    co_await jobs.send(j);
    auto again = co_await jobs.next();
    EXPECT_EQ(again->times, 2);
    channel<std::string> words(1);
    co_await words.send("plain text, long enough for the heap, as it is");
    EXPECT_EQ((co_await words.receive()).size(), 46u);
  });
}

TEST(channel, destroys_what_nobody_received) {
  auto item = std::make_shared<int>(1);
  {
    channel<std::shared_ptr<int>> c(3);
    for (int i = 0; i < 3; i++) c.send(item).get();
    (void)c.receive().get();
    c.send(item).get();
    EXPECT_EQ(item.use_count(), 4);
  }
  EXPECT_EQ(item.use_count(), 1);
}

// Program 9 with what this room may use: one channel across thread, fiber and coroutine.
void produce(sender<int> out) {
  for (int i = 1; i <= 5; i++) out.send(i).get();
}
void square(receiver<int> in, sender<int> out) {
  while (auto x = in.next().get()) out.send(*x * *x).get();
}
task<int> sum(receiver<int> in) {
  int total = 0;
  while (auto x = co_await in.next()) total += *x;
  co_return total;
}

// How a wait ended: what `f` gives, or the name of what it throws.
template <class F> task<std::string> end_of(F f) {
  try {
    co_await f();
    co_return "done";
  } catch (const closed_resource&) {
    co_return "closed";
  } catch (const end_of_channel&) {
    co_return "end";
  } catch (const broken_resource&) {
    co_return "broken";
  }
}

TEST(channel, an_end_that_is_closed_ends_its_own_waits_and_nobody_else_s) {
  run(on_virtual_time, [&]() -> task<> {
    channel<int> c(0);
    auto in = c.receiver(), other = in;
    auto out = c.sender();
    auto mine = [&]() -> task<> { co_await in.receive(); };
    auto next = [&]() -> task<> { co_await in.next(); };
    auto others = [&]() -> task<> { EXPECT_EQ(co_await other.receive(), 7); };
    auto close = [&]() -> task<> {
      co_await sleep_for(1s);
      in.close();
      co_await sleep_for(1s);
      co_await out.send(7);
    };
    auto [a, b, rest, closed] = co_await all(end_of(mine), end_of(next), end_of(others), close);
    (void)closed;
    EXPECT_EQ(a + b + rest, "closedcloseddone");
  });
}

TEST(channel, a_send_under_which_its_end_is_closed_has_sent_nothing) {
  run(on_virtual_time, [&]() -> task<> {
    channel<std::string> c(0);
    auto in = c.receiver();
    auto out = c.sender(), other = out;
    auto mine = [&]() -> task<> { co_await out.emplace("mine"); };
    auto others = [&]() -> task<> { co_await other.emplace("other"); };
    auto close = [&]() -> task<> {
      co_await sleep_for(1s);
      out.close();
      co_await sleep_for(1s);
      EXPECT_EQ(co_await in.receive(), "other");
    };
    auto [a, b, closed] = co_await all(end_of(mine), end_of(others), close);
    (void)closed;
    EXPECT_EQ(a + b, "closeddone");
  });
}

TEST(channel, an_end_ends_its_waits_however_it_goes) {
  run(on_virtual_time, [&]() -> task<> {
    channel<int> c(0);
    auto keeps_it_open = c.sender();
    auto also = c.receiver();
    std::optional<receiver<int>> assigned(c.receiver()), destroyed(c.receiver()),
        moved(c.receiver());
    auto one = [&]() -> task<> { co_await assigned->receive(); };
    auto two = [&]() -> task<> { co_await destroyed->receive(); };
    auto three = [&]() -> task<> { co_await moved->receive(); };
    auto end = [&]() -> task<> {
      co_await sleep_for(1s);
      *assigned = also;
      destroyed.reset();
      receiver<int> now_here = std::move(*moved);
      moved.reset();
      co_await sleep_for(1s);
      now_here.close();
    };
    auto [a, b, d, ended] = co_await all(end_of(one), end_of(two), end_of(three), end);
    (void)ended;
    EXPECT_EQ(a + b + d, "closedclosedclosed");
  });
}

TEST(channel, its_last_end_may_go_under_its_own_wait) {
  run(on_virtual_time, [&]() -> task<> {
    std::optional<channel<int>> c(std::in_place, 0);
    std::optional<receiver<int>> in(c->receiver());
    auto receive = [&]() -> task<> { co_await in->receive(); };
    auto of_object = [&]() -> task<> { co_await c->receive(); };
    auto either = [&]() -> task<> { co_await select(in->receive(), in->next(), sleep_for(1h)); };
    auto end = [&]() -> task<> {
      co_await sleep_for(1s);
      in.reset();  // breaks it off: the object, too, receives nothing any more
      c.reset();
    };
    auto [a, b, d, ended] = co_await all(end_of(receive), end_of(of_object), end_of(either), end);
    (void)ended;
    EXPECT_EQ(a + b + d, "closedendclosed");
  });
}

TEST(channel, its_object_ends_its_own_waits_too) {
  run(on_virtual_time, [&]() -> task<> {
    std::optional<channel<int>> c(std::in_place, 0);
    auto out = c->sender();
    auto in = c->receiver();
    auto receive = [&]() -> task<> { co_await c->receive(); };
    auto end = [&]() -> task<> {
      co_await sleep_for(1s);
      c.reset();
    };
    auto [a, ended] = co_await all(end_of(receive), end);
    (void)ended;
    EXPECT_EQ(a, "closed");
  });
}

TEST(channel, a_wait_begun_on_an_end_that_has_gone_is_refused) {
  channel<int> c(1);
  auto out = c.sender();
  auto late = [&] {
    auto in = c.receiver();
    return in.receive();
  };
  auto keeps = c.receiver();
  auto receive = late();
  auto next_one = c.receiver();  // has the same number
  EXPECT_THROW(receive.get(), closed_resource);
  out.send(1).get();
  EXPECT_EQ(next_one.receive().get(), 1);
}

TEST(channel, what_is_left_goes_with_the_last_receiver) {
  auto item = std::make_shared<int>(1);
  channel<std::shared_ptr<int>> c(4);
  auto out = c.sender();
  auto in = c.receiver();
  c.send(item).get();
  EXPECT_EQ(c.receive().get(), item);  // the ring begins at its second place
  for (int i = 0; i < 4; i++) out.send(item).get();
  auto other = in;
  in.close();
  EXPECT_EQ(item.use_count(), 5);
  other.close();
  EXPECT_EQ(item.use_count(), 1);
  EXPECT_EQ(c.size(), 0u);
  EXPECT_THROW(out.send(item).get(), broken_resource);
  EXPECT_FALSE(out.try_send(item));
  EXPECT_THROW((void)c.try_receive(), end_of_channel);
  EXPECT_EQ(c.next().get(), std::nullopt);  // through the object, too, nothing comes any more
}

TEST(channel, what_is_left_may_hold_an_end_of_the_same_channel) {
  struct letter {
    std::shared_ptr<int> text;
    std::vector<sender<letter>> answer_to;
  };
  auto text = std::make_shared<int>(1);
  std::optional<channel<letter>> c(std::in_place, 2);
  auto in = c->receiver();
  {
    auto out = c->sender();
    letter l{text, {out}};
    out.emplace(std::move(l)).get();
  }
  c.reset();
  in.close();
  EXPECT_EQ(text.use_count(), 1);
}

TEST(channel, ends_that_go_while_many_wait_do_not_look_for_their_own_waits) {
  constexpr int n = 20'000;  // each by each would be 200 million looks
  run(on_virtual_time, [&](nursery& peers) -> task<> {
    channel<int> c(0);
    auto in = c.receiver();
    for (int i = 0; i < n; i++)
      peers.start([](sender<int> out) -> task<> { co_await out.send(1); }, c.sender());
    for (int i = 0; i < n; i++) EXPECT_EQ(co_await in.receive(), 1);
  });
}

TEST(channel, is_the_same_between_thread_fiber_and_coroutine) {
  channel<int> numbers(2), squares(0);
  outside_waker maker_may_wake_us;
  std::thread maker(produce, numbers.sender());
  int total = run([&](nursery& n) -> task<int> {
    n.start(on_fiber, square, numbers.receiver(), squares.sender());
    co_return co_await sum(squares.receiver());
  });
  maker.join();
  EXPECT_EQ(total, 55);
}

TEST(channel, works_between_plain_threads_without_a_loop) {
  channel<int> numbers(2), squares(0);
  std::thread maker(produce, numbers.sender());
  std::thread squarer(square, numbers.receiver(), squares.sender());
  int total = 0;
  while (auto x = fail_after(10s, squares.next()).get()) total += *x;
  EXPECT_EQ(total, 55);
  maker.join();
  squarer.join();
}

TEST(channel, a_coroutine_child_that_has_ended_holds_no_end_though_its_future_lives) {
  channel<int> c(4);
  run(on_virtual_time, [&](nursery& n) -> task<> {
    auto f = n.start(
        [](sender<int> out) -> task<int> {
          co_await out.send(1);
          co_return 7;
        },
        c.sender());
    EXPECT_EQ(co_await c.next(), 1);
    EXPECT_EQ(co_await c.next(), std::nullopt);
    EXPECT_EQ(co_await f, 7);
  });
}

}  // namespace
}  // namespace kettle
