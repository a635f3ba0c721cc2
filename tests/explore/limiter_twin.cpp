#include "twin.hpp"

#include <algorithm>
#include <optional>
#include <vector>

TWIN(limiter, lets_so_many_in_and_no_more) {
  limiter slots(1);
  testing::var<int> n = 0;
  auto add = [&] {
    auto slot = slots.acquire().get();
    n = n + 1;
  };
  testing::thread other("other", add);
  add();
  other.join();
  testing::check(n == 2, "no update is lost");
  testing::check(slots.borrowed() == 0 && slots.waiting() == 0, "every token has come back");
}

TWIN(limiter, a_raised_total_lets_in_as_many_as_there_is_room_for) {
  limiter slots(0);
  latch both_inside(2);
  auto meet_inside = [&]() -> task<> {
    auto slot = co_await slots.acquire();
    both_inside.count_down();
    co_await both_inside.wait();
  };
  testing::thread other("other", [&] { all(meet_inside(), meet_inside()).get(); });
  slots.total(2);
  other.join();
  testing::check(slots.available() == 2, "every token has come back");
}

TWIN(limiter, a_raised_total_wakes_threads) {
  limiter slots(0);
  testing::thread one("one", [&] { auto slot = slots.acquire().get(); });
  testing::thread two("two", [&] { auto slot = slots.acquire().get(); });
  slots.total(1);
  one.join();
  two.join();
  testing::check(slots.available() == 1, "every token has come back");
}

TWIN(limiter, a_lowered_total_keeps_newcomers_out_until_enough_are_back) {
  limiter slots(2);
  testing::var<int> inside = 0;
  event entered;
  testing::thread holder("holder", [&] {
    auto slot = slots.acquire().get();
    inside = 1;
    entered.set();
    slots.total(1);
    inside = 0;
  });
  entered.wait().get();
  auto before = slots.try_acquire();  // in time to have the second one, or not
  if (!before) {
    auto slot = slots.acquire().get();
    testing::check(inside == 0, "with a total of one, in only after the holder has left");
  }
  before.release();
  holder.join();
  testing::check(slots.available() == 1, "every token has come back");
}

TWIN(limiter, tokens_go_to_waiters_in_the_order_in_which_they_came) {
  limiter slots(0);
  std::vector<int> order;
  auto take = [&](int i) -> task<> {
    limiter_acquire a = slots.acquire();
    auto slot = co_await a;
    if (a.waited()) order.push_back(i);
  };
  testing::thread raiser("raiser", [&] { slots.total(1); });
  all(take(0), take(1), take(2)).get();
  testing::check(std::is_sorted(order.begin(), order.end()), "who came first goes on first");
}

TWIN(limiter, a_cancelled_wait_has_taken_nothing) {
  limiter slots(1);
  testing::var<int> inside = 0;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread holder("holder", [&] {
    auto slot = slots.acquire().get();
    inside = 1;
  });
  testing::thread canceller("canceller", [&] { h.cancel(); });
  if (auto slot = in_scope(s, slots.acquire()).get()) {
    testing::check(slots.borrowed() == 1, "it has the only token");
    inside = 2;
  }
  holder.join();
  testing::check(slots.borrowed() == 0 && slots.waiting() == 0, "nobody has one, nobody waits");
}

TWIN(limiter, a_cancelled_waiter_lets_the_next_one_have_its_token) {
  limiter slots(0);
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread raiser("raiser", [&] {
    slots.total(1);
    h.cancel();
  });
  int taken = 0;
  auto take = [&]() -> task<> {
    auto slot = co_await slots.acquire();
    taken++;
  };
  all(in_scope(s, take()), take()).get();
  testing::check(taken >= 1 && slots.available() == 1, "it is neither lost nor doubled");
}

TWIN(limiter, may_be_destroyed_by_the_last_who_had_a_token) {
  std::optional<limiter> slots(std::in_place, 1);
  limiter& same = *slots;
  event entered;
  testing::thread holder("holder", [&] {
    auto slot = same.acquire().get();
    entered.set();
  });
  entered.wait().get();
  slots->acquire().get().release();
  slots.reset();  // while the holder is on its way out, perhaps
}
