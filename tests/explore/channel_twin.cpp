#include "twin.hpp"

#include <optional>

TWIN(channel, items_arrive_once_and_in_order_until_the_last_sender_has_gone) {
  channel<int> numbers(1);
  testing::var<int> done_before = 0;
  testing::thread producer("producer", [&, out = numbers.sender()]() mutable {
    for (int i = 1; i <= 3; i++) {
      if (i == 3) done_before = 1;
      out.send(i).get();
    }
    out.close();
  });
  for (int i = 1; i <= 3; i++) {
    testing::check(numbers.next().get() == i, "the next one arrives");
    testing::check(numbers.size() <= 1, "no more on the way than there is room for");
  }
  testing::check(done_before == 1, "what was done before a send is visible after its receive");
  testing::check(!numbers.next().get(), "then comes the end");
}

TWIN(channel, of_two_senders_nothing_is_lost) {
  channel<int> numbers(0);
  testing::thread producer("producer", [&] { all(numbers.send(1), numbers.send(2)).get(); });
  testing::check(numbers.receive().get() == 1, "who came first has sent first");
  testing::check(numbers.receive().get() == 2, "nothing is lost");
}

TWIN(channel, of_two_receivers_each_gets_the_next) {
  channel<int> numbers(1);
  testing::thread consumers("consumers", [&] {
    auto [first, second] = all(numbers.receive(), numbers.receive()).get();
    testing::check(first == 1 && second == 2, "who came first receives first");
  });
  numbers.send(1).get();
  numbers.send(2).get();
}

TWIN(channel, tries_do_not_wait_and_lose_nothing) {
  channel<int> numbers(1);
  int sent = 0;
  testing::thread producer("producer", [&] {
    if (numbers.try_send(1)) sent++;
    if (numbers.try_send(2)) sent++;
  });
  int received = 0;
  for (int i = 0; i < 2; i++)
    if (auto got = numbers.try_receive())
      testing::check(*got == ++received, "the oldest comes first");
  producer.join();
  testing::check(int(numbers.size()) == sent - received, "what was sent and not received is there");
}

TWIN(channel, the_last_sender_ends_it_whoever_that_is) {
  channel<int> numbers(1);
  auto out = numbers.sender();
  testing::thread one("one", [out]() mutable {
    out.send(1).get();
    out.close();
  });
  testing::thread two("two", [out = std::move(out)]() mutable { out.close(); });
  testing::check(numbers.next().get() == 1, "what was sent arrives");
  testing::check(!numbers.next().get(), "then comes the end");
}

TWIN(channel, the_last_receiver_breaks_it_off) {
  channel<int> numbers(0);
  testing::thread consumer("consumer", [in = numbers.receiver()]() mutable { in.close(); });
  bool broken = false;
  try {
    numbers.send(1).get();
  } catch (const broken_resource&) {
    broken = true;
  }
  testing::check(broken, "who sends to nobody is told");
}

TWIN(channel, closed_it_gives_what_is_left) {
  channel<int> numbers(1);
  int sent = 0;
  testing::thread producer("producer", [&] {
    try {
      while (sent < 2) numbers.send(sent + 1).get(), sent++;
    } catch (const closed_resource&) {}
  });
  numbers.close();
  int received = 0;
  while (numbers.next().get()) received++;
  producer.join();
  testing::check(received == sent, "received is what was sent, and nothing else");
}

TWIN(channel, closed_it_tells_who_waits_to_send) {
  channel<int> numbers(0);
  bool closed = false;
  testing::thread producer("producer", [&] {
    try {
      numbers.send(1).get();
    } catch (const closed_resource&) {
      closed = true;
    }
  });
  numbers.close();
  producer.join();
  testing::check(closed && !numbers.next().get(), "nobody has received it, and nobody will");
}

TWIN(channel, an_end_closed_by_another_thread_ends_its_wait) {
  channel<int> numbers(0);
  auto open = numbers.sender();
  auto in = numbers.receiver();
  std::optional<int> got;
  bool closed = false;
  testing::thread consumer("consumer", [&, receive = in.receive()]() mutable {
    try {
      got = receive.get();
    } catch (const closed_resource&) {
      closed = true;
    }
  });
  bool sent = open.try_send(1);
  in.close();
  consumer.join();
  testing::check(sent == got.has_value() && closed == !sent, "received, or told, and never both");
}

TWIN(channel, an_end_closed_under_a_select_ends_the_select) {
  channel<int> numbers(0);
  auto open = numbers.sender();
  auto in = numbers.receiver();
  bool told = false;
  testing::thread consumer("consumer", [&, receive = in.receive(), also = in.next()]() mutable {
    try {
      select(std::move(receive), std::move(also)).get();
    } catch (const closed_resource&) {
      told = true;
    }
  });
  in.close();
  consumer.join();
  testing::check(told, "its end has gone");
}

TWIN(channel, a_receive_lets_the_next_sender_go_on) {
  channel<int> numbers(1);
  event both_sent;
  testing::thread producer("producer", [&] {
    numbers.send(1).get();
    numbers.send(2).get();
    both_sent.set();
  });
  testing::check(numbers.receive().get() == 1, "the oldest comes first");
  both_sent.wait().get();
  testing::check(numbers.size() == 1 && numbers.try_receive() == 2, "the other is there");
}

TWIN(channel, lives_as_long_as_its_ends) {
  std::optional<channel<int>> numbers(std::in_place, 1);
  testing::thread producer("producer", [out = numbers->sender()]() mutable {
    out.send(1).get();
    out.close();
  });
  auto in = numbers->receiver();
  numbers.reset();
  testing::check(in.next().get() == 1, "what was sent arrives");
  in.close();  // while the sender goes, perhaps
}

TWIN(channel, a_cancelled_send_has_sent_nothing) {
  channel<int> numbers(0);
  cancel_scope s;
  scope_handle h = s.handle();
  int received = 0;
  testing::thread consumer("consumer", [&] {
    bool at_once = testing::choose(2) == 0;
    if (at_once) h.cancel();
    received = numbers.receive().get();
    if (!at_once) h.cancel();
  });
  bool sent = in_scope(s, numbers.send(1)).get();
  if (!sent) numbers.send(2).get();
  consumer.join();
  testing::check(received == (sent ? 1 : 2), "received is what was sent");
}

TWIN(channel, a_cancelled_receive_has_taken_nothing) {
  channel<int> numbers(1);
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread producer("producer", [&] {
    bool at_once = testing::choose(2) == 0;
    if (at_once) h.cancel();
    numbers.send(1).get();
    if (!at_once) h.cancel();
  });
  auto got = in_scope(s, numbers.receive()).get();
  producer.join();
  testing::check(!got || got == 1, "taken is what was sent");
  testing::check(numbers.size() == (got ? 0 : 1), "it is taken, or still there");
}

TWIN(channel, a_cancelled_sender_lets_the_next_one_send) {
  channel<int> numbers(0);
  cancel_scope s;
  scope_handle h = s.handle();
  int of_first = 0;
  testing::thread consumer("consumer", [&] {
    h.cancel();
    while (numbers.receive().get() == 1) of_first++;
  });
  bool sent = false;
  auto first = [&]() -> task<> { sent = co_await in_scope(s, numbers.send(1)); };
  all(first(), numbers.send(2)).get();
  consumer.join();
  testing::check(of_first == (sent ? 1 : 0), "received is what was sent, and before the second");
}

TWIN(channel, the_last_sender_tells_all_who_wait_to_receive) {
  channel<int> numbers(0);
  testing::thread last("last", [out = numbers.sender()]() mutable { out.close(); });
  auto [one, two] = all(numbers.next(), numbers.next()).get();
  testing::check(!one && !two, "it has ended for both");
}
