#include "twin.hpp"

#include <memory>
#include <optional>
#include <vector>

TWIN(queue, items_arrive_once_and_in_order_until_it_is_closed) {
  queue<int> work({.capacity = 1});
  testing::var<int> done_before = 0;
  testing::thread producer("producer", [&] {
    work.send(1).get();
    done_before = 1;
    work.send(2).get();
    work.close();
  });
  testing::check(work.next().get() == 1, "the first one first");
  testing::check(work.next().get() == 2, "then the second");
  testing::check(done_before == 1, "what was done before a send is visible after its receive");
  testing::check(!work.next().get(), "then comes the end");
}

TWIN(queue, without_room_a_send_waits_for_its_receiver) {
  queue<int> work({.capacity = 0});
  testing::thread producer("producer", [&] { all(work.send(1), work.send(2)).get(); });
  testing::check(work.receive().get() == 1, "who came first has sent first");
  testing::check(work.receive().get() == 2, "nothing is lost");
  testing::check(work.size() == 0, "nothing was ever in it");
}

TWIN(queue, a_receive_lets_the_next_sender_go_on) {
  queue<int> work({.capacity = 1});
  event both_sent;
  testing::thread producer("producer", [&] {
    work.send(1).get();
    work.send(2).get();
    both_sent.set();
  });
  testing::check(work.receive().get() == 1, "the oldest comes first");
  both_sent.wait().get();
  testing::check(work.size() == 1 && work.try_receive() == 2, "the other is there");
}

TWIN(queue, the_least_item_comes_first_whoever_sent_it) {
  queue<int> work({.order = queue_order::priority});
  testing::thread other("other", [&] {
    work.send(3).get();
    work.send(1).get();
  });
  work.send(2).get();
  other.join();
  for (int i = 1; i <= 3; i++) testing::check(work.try_receive() == i, "least first");
}

TWIN(queue, the_last_item_comes_first) {
  queue<int> work({.order = queue_order::lifo});
  int last = 0;
  testing::thread other("other", [&] { work.send(1).get(); });
  work.send(2).get();
  last = work.size() == 2 ? 0 : 1;  // 1: the other one is still to come
  other.join();
  int first = *work.try_receive();
  testing::check(!last || first == 1, "what came last comes first");
  testing::check(first + *work.try_receive() == 3, "each item is received once");
}

TWIN(queue, join_waits_until_all_that_was_received_is_done) {
  queue<int> work;
  testing::var<int> done = 0;
  work.send(1).get();
  testing::thread worker("worker", [&] {
    auto job = work.receive().get();
    done = job;
    work.task_done();
  });
  work.join().get();
  testing::check(done == 1, "what was done before task_done() is visible after the join");
}

TWIN(queue, join_is_not_over_before_both_are_done) {
  queue<int> work;
  int done = 0;
  work.send(1).get();
  work.send(2).get();
  auto do_one = [&]() -> task<> {
    co_await work.receive();
    co_await yield();  // both have been received when the first is done
    done++;
    work.task_done();
  };
  testing::thread workers("workers", [&] { all(do_one(), do_one()).get(); });
  work.join().get();
  testing::check(done == 2, "both are done");
}

TWIN(queue, may_be_destroyed_after_its_join) {
  std::optional<queue<int>> work(std::in_place);
  queue<int>& same = *work;
  work->send(1).get();
  testing::thread worker("worker", [&] {
    same.receive().get();
    same.task_done();
  });
  work->join().get();
  work.reset();  // while task_done() is on its way out, perhaps
}

TWIN(queue, drained_it_gives_what_is_left) {
  queue<int> work({.capacity = 1});
  int sent = 0;
  testing::thread producer("producer", [&] {
    try {
      while (sent < 2) work.send(sent + 1).get(), sent++;
    } catch (const closed_resource&) {}
  });
  work.close();
  int received = 0;
  while (work.next().get()) received++;
  producer.join();
  testing::check(received == sent, "received is what was sent, and nothing else");
}

TWIN(queue, emptied_it_counts_what_it_dropped_as_done) {
  auto thing = std::make_shared<int>(1);
  {
    queue<std::shared_ptr<int>> work({.capacity = 1});
    testing::thread producer("producer", [&] {
      try {
        work.send(thing).get();
        work.send(thing).get();
      } catch (const closed_resource&) {}
    });
    testing::thread waiter("waiter", [&] { work.join().get(); });
    work.close(close_mode::cancel);
    work.join().get();
    testing::check(!work.next().get(), "nothing is left");
  }
  testing::check(thing.use_count() == 1, "every item is gone");
}

TWIN(queue, a_cancelled_send_has_sent_nothing) {
  queue<int> work({.capacity = 0});
  cancel_scope s;
  scope_handle h = s.handle();
  int received = 0;
  testing::thread consumer("consumer", [&] {
    bool at_once = testing::choose(2) == 0;
    if (at_once) h.cancel();
    received = work.receive().get();
    if (!at_once) h.cancel();
  });
  bool sent = in_scope(s, work.send(1)).get();
  if (!sent) work.send(2).get();
  consumer.join();
  testing::check(received == (sent ? 1 : 2), "received is what was sent");
}

TWIN(queue, a_cancelled_receive_has_taken_nothing) {
  queue<int> work;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread producer("producer", [&] {
    bool at_once = testing::choose(2) == 0;
    if (at_once) h.cancel();
    work.send(1).get();
    if (!at_once) h.cancel();
  });
  auto got = in_scope(s, work.receive()).get();
  producer.join();
  testing::check(work.size() == (got ? 0 : 1), "it is taken, or still there");
  if (got) work.task_done();
  if (!got) work.close(close_mode::cancel);
  work.join().get();
}

TWIN(queue, a_cancelled_join_has_left_it) {
  queue<int> work;
  work.send(1).get();
  testing::thread worker("worker", [&] {
    work.receive().get();
    work.task_done();
  });
  if (!move_on_after(std::chrono::milliseconds(1), work.join()).get()) work.join().get();
}

TWIN(queue, the_last_task_done_tells_all_who_join) {
  queue<int> work;
  work.send(1).get();
  testing::thread worker("worker", [&] {
    work.receive().get();
    work.task_done();
  });
  all(work.join(), work.join()).get();
}
