// Selects, and the claims they are made of (core/wait_point).

#include "twin.hpp"

#include <optional>

namespace kettle::twins {
namespace {

// A wait of nothing, to be granted by hand.
class bare_wait final : public wait_point {
 public:
  bool start() override { return false; }
  void unlink() noexcept override {}
  const char* what() const noexcept override { return "bare"; }
};

}  // namespace
}  // namespace kettle::twins

TWIN(select, one_of_several_granters_wins_a_group) {
  claim_group group;
  bare_wait first, second;
  group.who = &this_context();
  first.join(group);
  second.join(group);
  bool by_first = false, by_second = false;
  testing::thread one("one", [&] { by_first = first.grant(); });
  testing::thread two("two", [&] { by_second = second.grant(); });
  one.join();
  two.join();
  testing::check(by_first != by_second, "one of the two has it");
  testing::check(group.winner == (by_first ? &first : &second), "and it is the winner");
}

// What a granter that was refused may rely on: that the group looks again.
TWIN(select, a_group_that_starts_is_not_granted_but_told) {
  claim_group group;
  bare_wait w;
  group.who = &this_context();
  group.state.store(claim::starting, relaxed);
  w.join(group);
  bool granted = false;
  testing::thread granter("granter", [&] { granted = w.grant(); });
  claim expected = claim::starting;
  bool opened = group.state.compare_exchange_strong(expected, claim::open, relaxed);
  granter.join();
  testing::check(opened || expected == claim::passed_over, "only a granter comes between");
  testing::check(granted == opened, "refused: it has said so; opened: it is granted");
}

TWIN(select, an_item_sent_while_it_starts_is_received) {
  channel<int> numbers(1);
  event never_set;
  testing::thread producer("producer", [&] { numbers.send(1).get(); });
  auto got = select(numbers.next(), never_set.wait()).get();
  testing::check(got.index() == 0 && std::get<0>(got) == 1, "the item is received");
}

TWIN(select, takes_from_one_of_two_channels_and_leaves_the_other) {
  channel<int> a(1), b(1);
  testing::thread producer("producer", [&] {
    a.send(1).get();
    b.send(2).get();
  });
  auto got = select(a.next(), b.next()).get();
  producer.join();
  int taken = got.index() == 0 ? *std::get<0>(got) : *std::get<1>(got);
  testing::check(taken == int(got.index()) + 1, "it is that channel's item");
  testing::check(a.size() == (got.index() == 0 ? 0 : 1), "taken from a, or still there");
  testing::check(b.size() == (got.index() == 1 ? 0 : 1), "taken from b, or still there");
}

TWIN(select, a_rendezvous_happens_in_one_place) {
  channel<int> a(0), b(0);
  std::size_t sent = 2;
  testing::thread producer("producer", [&] { sent = select(a.send(1), b.send(2)).get().index(); });
  auto got = select(b.next(), a.next()).get();
  producer.join();
  testing::check(got.index() == 1 - sent, "sender and receiver agree on the channel");
  testing::check((sent == 0 ? *std::get<1>(got) : *std::get<0>(got)) == int(sent) + 1,
                 "the item is what was sent there");
  testing::check(!a.try_receive() && !b.try_receive(), "the other item was not sent");
  testing::check(!a.try_send(3) && !b.try_send(3), "nobody waits there any more");
}

TWIN(select, an_event_ends_it_or_its_sleep_does) {
  std::optional<event> e(std::in_place);
  event& same = *e;
  testing::thread setter("setter", [&] { same.set(); });
  auto got = select(e->wait(), sleep_for(std::chrono::milliseconds(1))).get();
  if (got.index() == 0)
    e.reset();
  else
    e->wait().get();
  sleep_for(std::chrono::milliseconds(2)).get();  // the other's timer is gone
}

TWIN(select, of_two_events_of_two_threads_one_wakes_it_once) {
  event a, b;
  testing::thread one("one", [&] { a.set(); });
  testing::thread two("two", [&] { b.set(); });
  auto got = select(a.wait(), b.wait()).get();
  testing::check(got.index() == 0 ? a.is_set() : b.is_set(), "it has seen the event it tells");
  sleep_for(std::chrono::milliseconds(1)).get();  // is ended by nobody but the clock
}

TWIN(select, cancelled_has_received_nothing) {
  channel<int> numbers(1);
  event never_set;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread canceller("canceller", [&] { h.cancel(); });
  testing::thread producer("producer", [&] { numbers.send(1).get(); });
  auto got = in_scope(s, select(never_set.wait(), numbers.next())).get();
  producer.join();
  testing::check(numbers.size() == (got ? 0 : 1), "the item is received, or still there");
}

TWIN(select, cancelled_has_sent_nothing) {
  channel<int> a(0), b(0);
  cancel_scope s;
  scope_handle h = s.handle();
  std::optional<int> received;
  testing::thread consumer("consumer", [&] {
    bool at_once = testing::choose(2) == 0;
    if (at_once) h.cancel();
    received = a.next().get();
    if (!at_once) h.cancel();
  });
  auto got = in_scope(s, select(b.next(), a.send(1))).get();
  if (!got) a.send(2).get();
  consumer.join();
  testing::check(received == (got ? 1 : 2), "received is what was sent");
}

TWIN(select, that_starts_while_its_channel_ends_sees_the_end) {
  channel<int> numbers(1);
  event never_set;
  testing::thread producer("producer", [out = numbers.sender()]() mutable { out.close(); });
  auto got = select(never_set.wait(), numbers.next()).get();
  testing::check(got.index() == 1 && !std::get<1>(got), "it is the end");
}

// A select takes its place in the line once more when it has to look again: who stood behind it
// goes on.
TWIN(select, of_a_lock_that_it_was_passed_over_for_keeps_nobody_out) {
  shared_mutex m;
  event never_set, locked;
  testing::thread holder("holder", [&] {
    auto w = m.lock().get();
    locked.set();
  });
  locked.wait().get();
  testing::thread reader("reader", [&] { auto r = m.lock_shared().get(); });
  {
    auto got = select(m.lock(), never_set.wait()).get();
    testing::check(got.index() == 0 && std::get<0>(got), "it has the lock");
  }
  reader.join();
  testing::check(bool(m.try_lock()), "nobody holds it any more");
}

TWIN(select, of_a_pools_future_that_was_not_chosen_it_can_be_awaited) {
  event stop;
  thread_pool pool({.workers = 1});
  auto answer = pool.start([&] {
    stop.set();
    return 42;
  });
  auto got = select(stop.wait(), answer).get();
  int value = got.index() == 1 ? std::get<1>(got) : answer.get();
  testing::check(value == 42, "the result is there once");
}

TWIN(select, of_a_pools_future_that_was_cancelled_it_can_be_awaited) {
  event never_set;
  thread_pool pool({.workers = 1});
  auto answer = pool.start([] { return 42; });
  auto got = move_on_after(std::chrono::milliseconds(1), select(never_set.wait(), answer)).get();
  int value = got ? std::get<1>(*got) : answer.get();
  testing::check(value == 42, "the result is there once");
}

TWIN(select, leaves_a_future_that_is_not_done) {
  event go, stop;
  testing::thread setter("setter", [&] { stop.set(); });
  auto body = [&](nursery& n) -> task<> {
    auto answer = n.start([&]() -> task<int> {
      co_await go.wait();
      co_return 42;
    });
    auto got = co_await select(answer, stop.wait());
    go.set();
    testing::check(got.index() == 1 && co_await answer == 42, "it is done later, and awaited then");
  };
  with_nursery(body).get();
}
