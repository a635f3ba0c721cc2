#include "twin.hpp"

#include "threads/injection.hpp"

namespace kettle::twins {

namespace {

struct nobodys_queue final : job_queue {
} queue;

// Tickets as a pool has them, with a number instead of a child's work.
struct numbered {
  struct child : placed_child_base {
    child() : placed_child_base(unplaced_kind, *this_context().at_) {}
    void* result() noexcept override { return nullptr; }
    void call() noexcept override {}
  };
  explicit numbered(int n) : number(n), ticket(*new queue_ticket(job, queue)) {}
  ~numbered() { ticket.drop(), ticket.drop(); }
  int number;
  testing::var<int> written;
  atomic<int> taken{0};
  child job;
  queue_ticket& ticket;
};

struct three {
  numbered a{0}, b{1}, c{2};
  numbered& of(queue_ticket& t) noexcept { return &t == &a.ticket ? a : &t == &b.ticket ? b : c; }
  // How many came, as a list in the order in which they went in.
  int took(queue_ticket* first) {
    int count = 0, last = -1;
    for (queue_ticket* t = first; t; t = t->next, count++) {
      numbered& n = of(*t);
      testing::check(n.written == 1, "who takes a ticket sees what was written before its push");
      testing::check(n.taken.fetch_add(1, relaxed) == 0, "no ticket is taken twice");
      testing::check(n.number > last, "they come in the order in which they went in");
      last = n.number;
    }
    return count;
  }
  bool push(injection_queue& q, numbered& n) {
    n.written = 1;
    return q.push(n.ticket);
  }
};

}  // namespace

}  // namespace kettle::twins

TWIN(injection, two_producers_lose_nothing) {
  injection_queue q;
  three all;
  testing::thread one("one producer", [&] { all.push(q, all.a); });
  testing::thread other("other producer", [&] { all.push(q, all.b); });
  int taken = all.took(q.take(1));
  one.join();
  other.join();
  // In whichever order they came.
  while (queue_ticket* t = q.take(1)) taken += all.took(t);
  testing::check(taken == 2, "both come");
  testing::check(q.empty() && q.size() == 0, "it is empty then, and says so");
}

TWIN(injection, a_list_comes_in_order_and_not_longer_than_asked) {
  injection_queue q;
  three all;
  testing::thread producer("producer", [&] {
    all.push(q, all.a);
    all.push(q, all.b);
    all.push(q, all.c);
  });
  int first = all.took(q.take(2));
  testing::check(first <= 2, "no more than asked for");
  producer.join();
  int rest = all.took(q.take(16));
  testing::check(first + rest == 3, "all come");
  testing::check(!q.take(16), "and then nothing");
}

TWIN(injection, two_takers_share_what_is_there) {
  injection_queue q;
  three all;
  all.push(q, all.a);
  all.push(q, all.b);
  int taken[2] = {0, 0};
  testing::thread one("one taker", [&] { taken[0] = all.took(q.take(2)); });
  testing::thread other("other taker", [&] { taken[1] = all.took(q.take(1)); });
  all.push(q, all.c);
  one.join();
  other.join();
  int rest = all.took(q.take(16));
  testing::check(taken[0] + taken[1] + rest == 3, "all come");
  testing::check(q.empty(), "it is empty then, and says so");
}

TWIN(injection, a_closed_one_takes_nothing_and_keeps_what_it_took) {
  injection_queue q;
  three all;
  bool in[2] = {false, false};
  testing::thread producer("producer", [&] {
    in[0] = all.push(q, all.a);
    in[1] = all.push(q, all.b);
  });
  q.close();
  int taken = all.took(q.take(16));
  int at_close = taken;
  producer.join();
  taken += all.took(q.take(16));
  testing::check(taken == at_close, "nothing comes after close");
  testing::check(taken == int(in[0]) + int(in[1]),
                 "what push took comes, what it refused does not");
  testing::check(in[0] || !in[1], "it does not open again");
}

// Workers look at empty() only, and then sleep.
TWIN(injection, what_was_pushed_before_is_seen) {
  injection_queue q;
  three all;
  atomic<bool> pushed{false};
  int taken = 0;
  testing::thread looker("looker", [&] {
    if (!pushed.load(acquire)) return;
    testing::check(!q.empty(), "what was pushed before is seen");
    taken = all.took(q.take(1));
    testing::check(taken == 1, "and can be taken");
  });
  all.push(q, all.a);
  pushed.store(true, release);
  looker.join();
  testing::check(taken + all.took(q.take(1)) == 1, "it comes once");
}
