#include "twin.hpp"

#include "threads/deque.hpp"

#include <memory>
#include <vector>

namespace kettle::twins {

namespace {

// What is handed over. `made` is written before the push and read by whoever takes it.
struct item {
  testing::var<int> made;
  atomic<int> taken{0};
};

using deque = stealing_deque<item>;

void took(item* i) {
  if (!i) return;
  testing::check(i->made == 1, "who takes an item sees it as it was pushed");
  testing::check(i->taken.fetch_add(1, relaxed) == 0, "no item is taken twice");
}

void push(deque& d, item& i) {
  i.made = 1;
  d.push(&i);
}

template <std::size_t N> void all_taken(item (&items)[N]) {
  for (item& i : items) testing::check(i.taken.load(relaxed) == 1, "no item is lost");
}

// Its first buffer has 64 places: too many for growth and reuse of places to be tried out in every
// order. So it begins with few, through its private members, which an instantiation may name.
void begin_with(deque& d, std::size_t places);
template <class Buffer, atomic<Buffer*> deque::* Current,
          std::vector<std::unique_ptr<Buffer>> deque::* All>
struct opened {
  friend void begin_with(deque& d, std::size_t places) {
    (d.*All).front() = std::make_unique<Buffer>(places);
    (d.*Current).store((d.*All).front().get(), relaxed);
  }
};

}  // namespace

}  // namespace kettle::twins

template struct kettle::twins::opened<kettle::twins::deque::buffer, &kettle::twins::deque::buffer_,
                                      &kettle::twins::deque::buffers_>;

TWIN(deque, owner_and_thief_both_want_the_last_item) {
  deque d;
  item only[1];
  testing::thread thief("thief", [&] { took(d.steal()); });
  push(d, only[0]);
  took(d.pop());
  thief.join();
  took(d.pop());
  all_taken(only);
  testing::check(d.empty(), "it is empty once all has been taken");
}

TWIN(deque, owner_takes_two_while_a_thief_takes_two) {
  deque d;
  item items[3];
  push(d, items[0]);
  testing::thread thief("thief", [&] {
    took(d.steal());
    took(d.steal());
  });
  push(d, items[1]);
  took(d.pop());
  took(d.pop());
  push(d, items[2]);
  took(d.pop());
  thief.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}

TWIN(deque, two_thieves_and_the_owner_share_two_items) {
  deque d;
  item items[2];
  push(d, items[0]);
  testing::thread one("one thief", [&] { took(d.steal()); });
  testing::thread other("other thief", [&] { took(d.steal()); });
  push(d, items[1]);
  took(d.pop());
  took(d.pop());
  one.join();
  other.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}

TWIN(deque, a_thief_takes_the_oldest_first) {
  deque d;
  item items[3];
  for (item& i : items) push(d, i);
  testing::thread thief("thief", [&] {
    item* first = d.steal();
    item* second = d.steal();
    testing::check(first == &items[0], "the oldest first: nobody else steals");
    testing::check(!second || second == &items[1], "then the next");
    took(first);
    took(second);
  });
  item* newest = d.pop();
  testing::check(newest == &items[2], "the owner takes the newest");
  took(newest);
  took(d.pop());
  thief.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}

// A failed steal of an item that is there means that another one got it, never that it is hidden:
// the workers of a pool go to sleep on that.
TWIN(deque, an_item_that_is_there_is_seen) {
  deque d;
  item items[1];
  atomic<bool> pushed{false};
  testing::thread looker("looker", [&] {
    if (!pushed.load(acquire)) return;
    testing::check(!d.empty(), "what was pushed before is seen");
    took(d.steal());
  });
  items[0].made = 1;
  d.push(&items[0]);
  pushed.store(true, release);
  looker.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}

TWIN(deque, an_owner_that_finds_nothing_can_go_on) {
  deque d;
  item items[2];
  push(d, items[0]);
  testing::thread thief("thief", [&] {
    took(d.steal());
    took(d.steal());
  });
  took(d.pop());
  took(d.pop());
  push(d, items[1]);
  thief.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
  testing::check(d.empty(), "it is empty once all has been taken");
}

TWIN(deque, grows_under_a_thief) {
  deque d;
  begin_with(d, 1);
  item items[2];
  push(d, items[0]);
  testing::thread thief("thief", [&] { took(d.steal()); });
  push(d, items[1]);  // the second for one place, unless the thief was faster
  took(d.pop());
  thief.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}

TWIN(deque, a_thief_finds_its_way_into_the_larger_buffer) {
  deque d;
  begin_with(d, 1);
  item items[2];
  push(d, items[0]);
  testing::thread thief("thief", [&] {
    took(d.steal());
    took(d.steal());
  });
  push(d, items[1]);
  thief.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}

// A thief reads a place, and before it takes it the place is used again.
TWIN(deque, a_place_is_used_again_under_a_slow_thief) {
  deque d;
  begin_with(d, 1);
  item items[3];
  push(d, items[0]);
  testing::thread slow("slow thief", [&] { took(d.steal()); });
  took(d.pop());
  push(d, items[1]);
  took(d.pop());
  push(d, items[2]);
  slow.join();
  while (item* i = d.pop()) took(i);
  all_taken(items);
}
