// Theme: what tasks meet in. Channels, queue, locks, limiter, semaphore, condition, event, barrier,
// latch and futures, used from everywhere and cut short at random.

#include "waits_hall.hpp"

#include <memory>
#include <variant>

namespace soak {

namespace {

template <int Line> task<> send(worker& w) {
  parcel p = w.wrap();
  const int number = p.number;
  co_await w.at.lines[Line].send(std::move(p));
  w.at.books.sent(number);
}

template <int Line> task<> receive(worker& w) { w.take(Line, co_await w.at.lines[Line].receive()); }

task<> send_or_not(worker& w) {
  parcel p = w.wrap();
  const int number = p.number;
  auto end = co_await select(w.at.lines[2].send(std::move(p)), sleep_for(w.random.moment()));
  if (end.index() == 0) w.at.books.sent(number);
}

task<> receive_any(worker& w) {
  hall& h = w.at;
  auto got = co_await select(h.lines[0].next(), h.lines[1].next(), h.lines[2].next());
  std::visit([&](const auto& p) { w.take(got.index(), *p); }, got);
}

task<> receive_or_write(worker& w) {
  auto got =
      co_await select(w.at.lines[2].receive(), w.at.shelf.lock(), sleep_for(w.random.moment()));
  if (got.index() == 0) w.take(2, std::get<0>(got));
  if (got.index() == 1) w.at.written++;
  co_await yield();
}

task<> sort_in(worker& w) {
  parcel p = w.wrap();
  const int number = p.number;
  co_await w.at.sorted.send(std::move(p));
  w.at.books.sent(number);
}

task<> take_sorted(worker& w) {
  auto p = co_await w.at.sorted.next();
  w.at.books.received(p->number);
  w.at.sorted.task_done();
}

task<> take_slot(worker& w) {
  auto slot = co_await w.at.slots.acquire();
  visit here(w.at.in_slots);
  check(w.at.in_slots.now() <= 3, "a limiter lets in no more than its total");
  co_await sleep_for(w.random.moment());
}

task<> change_slots(worker& w) {
  w.at.slots.total(w.random.between(1, 3));
  co_await yield();
}

task<> take_door(worker& w) {
  auto permit = co_await w.at.doors.acquire();
  visit here(w.at.in_doors);
  check(w.at.in_doors.now() <= 2, "a semaphore lets in no more than its permits");
  co_await sleep_for(w.random.moment());
}

task<> write(worker& w) {
  auto held = co_await w.at.shelf.lock();
  visit here(w.at.writers);
  w.at.written++;
  co_await yield();
  check(w.at.writers.now() == 1 && w.at.readers.now() == 0, "a writer is alone");
}

task<> read(worker& w) {
  auto held = co_await w.at.shelf.lock_shared();
  visit here(w.at.readers);
  const long before = w.at.written;
  co_await yield();
  check(w.at.writers.now() == 0 && w.at.written == before, "nobody writes beside a reader");
}

void check_alone(worker& w) {
  visit here(w.at.at_desk);
  check(w.at.at_desk.now() == 1, "a mutex is exclusive");
}

task<> add_credit(worker& w) {
  {
    auto held = co_await w.at.desk.lock();
    check_alone(w);
    co_await yield();
    w.at.credit++, w.at.added++;
  }
  w.at.changed.notify_one();
}

task<> take_credit(worker& w) {
  auto held = co_await w.at.desk.lock();
  try {
    while (w.at.credit == 0) co_await w.at.changed.wait(held);
  } catch (const cancelled&) {
    check_alone(w);  // the guard holds it again
    throw;
  }
  check_alone(w);
  w.at.credit--, w.at.taken++;
}

task<> take_whatever(worker& w) {
  hall& h = w.at;
  auto got = co_await select(h.doors.acquire(), h.slots.acquire(), h.shelf.lock_shared(),
                             h.desk.lock(), h.bell.wait());
  if (got.index() == 3) check_alone(w);
  co_await yield();
}

task<> try_whatever(worker& w) {
  hall& h = w.at;
  parcel p = w.wrap();
  const int number = p.number;
  if (h.lines[1].try_send(std::move(p))) h.books.sent(number);
  if (auto got = h.lines[2].try_receive()) w.take(2, *got);
  auto permit = h.doors.try_acquire();
  auto slot = h.slots.try_acquire();
  if (auto held = h.desk.try_lock()) check_alone(w);
  co_await yield();
}

task<> ring(worker& w) {
  w.at.bell.set();
  co_await yield();
  w.at.bell.clear();
}

// Again and again: few are there at the same time.
task<> meet(worker& w) {
  for (;;) {
    try {
      const std::size_t rank = co_await w.at.meeting.wait();
      w.at.ranks[rank]++;
    } catch (const broken_resource&) {  // somebody was cancelled
      w.at.meeting.reset();
    }
  }
}

task<> await_child(worker& w) {
  const std::uint32_t right = w.random(1000);
  const duration moment = w.random.moment();
  auto give = [](std::uint32_t x) {
    yield().get();
    return x;
  };
  auto body = [&](nursery& n) -> task<> {
    auto result = n.start(on_thread, give, right);
    auto got = co_await select(result, sleep_for(moment));
    if (got.index() == 0) check_equal(std::get<0>(got), right, "a future gives its child's value");
    result.cancel();
  };
  co_await with_nursery(body);
}

task<> count_down(worker& w) {
  latch open(2);
  auto body = [&](nursery& n) -> task<> {
    n.start(on_thread, [&open] { open.count_down(); });
    n.start(on_fiber, [&open] { open.count_down(); });
    co_await open.wait();
    check_equal(long(open.count()), 0, "a latch opens at zero");
  };
  co_await with_nursery(body);
  (void)w;
}

constexpr act<worker> acts[] = {
    {"send<0>", send<0>},
    {"receive<0>", receive<0>},
    {"send<1>", send<1>},
    {"receive<1>", receive<1>},
    {"send_or_not", send_or_not},
    {"receive_any", receive_any},
    {"receive_or_write", receive_or_write},
    {"sort_in", sort_in},
    {"take_sorted", take_sorted},
    {"take_slot", take_slot},
    {"change_slots", change_slots},
    {"take_door", take_door},
    {"write", write},
    {"read", read},
    {"add_credit", add_credit},
    {"take_credit", take_credit},
    {"take_whatever", take_whatever},
    {"try_whatever", try_whatever},
    {"ring", ring},
    {"meet", meet},
    {"await_child", await_child},
    {"count_down", count_down},
};

task<> work(hall& h, chance random, int number) {
  worker w{h, random, number};
  co_await act_at_random(w, acts, waits_each);
  h.begun += waits_each;
}

// Takes what is left, and looks at everything when nobody is there any more.
report settle(hall& h) {
  for (auto& line : h.lines)
    while (auto p = line.try_receive()) h.books.received(p->number);
  while (auto p = h.sorted.try_receive()) {
    h.books.received(p->number);
    h.sorted.task_done();
  }
  h.sorted.join().get();
  h.slots.total(3);
  check_equal(h.slots.available(), 3, "every token of the limiter came back");
  check_equal(long(h.doors.available()), 2, "every permit of the semaphore came back");
  check(!h.desk.is_locked(), "the mutex was given back");
  check(bool(h.shelf.try_lock()), "the shared_mutex was given back");
  check_equal(h.added - h.taken, h.credit, "no credit is lost or doubled");
  check_equal(h.ranks[1], h.ranks[0], "of two who met, one came first");
  const long sent = h.books.settle();
  return {h.begun, std::to_string(sent) + " sent and received, " + std::to_string(h.added) +
                       " credits, " + std::to_string(h.ranks[0]) + " meetings"};
}

report round(std::uint64_t seed) {
  auto h = std::make_unique<hall>();
  chance random(seed);
  run([&](nursery& n) { from_everywhere<hall>(n, *h, work, random); });
  return settle(*h);
}

}  // namespace

constexpr theme waits{"waits", round};

}  // namespace soak
