#include "twin.hpp"

#include <algorithm>
#include <optional>
#include <vector>

TWIN(event, set_wakes_who_waits) {
  event e;
  testing::thread setter("setter", [&] { e.set(); });
  e.wait().get();
  testing::check(e.is_set(), "it is set");
}

TWIN(event, may_be_destroyed_once_wait_has_returned) {
  std::optional<event> e(std::in_place);
  event& same = *e;
  testing::var<int> done_before = 0;
  testing::thread setter("setter", [&] {
    done_before = 1;
    same.set();
  });
  e->wait().get();
  e.reset();  // while set() is on its way out, perhaps
  testing::check(done_before == 1, "what was done before set() is visible after wait()");
}

TWIN(event, is_set_shows_what_was_done_before) {
  event e;
  testing::var<int> done_before = 0;
  testing::thread setter("setter", [&] {
    done_before = 1;
    e.set();
  });
  if (e.is_set())
    testing::check(done_before == 1, "what was done before set() is visible after is_set()");
  setter.join();
  testing::check(e.is_set(), "it stays set");
}

TWIN(event, wakes_all_who_wait) {
  event e;
  testing::thread first("first", [&] { e.wait().get(); });
  testing::thread second("second", [&] { e.wait().get(); });
  e.set();
}

TWIN(event, a_cleared_one_waits_for_the_next_set) {
  event e, cleared;
  testing::var<int> round = 1;
  testing::thread other("other", [&] {
    e.set();
    cleared.wait().get();
    round = 2;
    e.set();
  });
  e.wait().get();
  testing::check(round == 1, "the first set() ends the first wait");
  e.clear();
  cleared.set();
  e.wait().get();
  testing::check(round == 2, "a wait after clear() is ended by the next set()");
}

// Cancelled, or woken: whichever it was, nothing of the wait is left in the event.
TWIN(event, a_cancelled_wait_has_left_it) {
  std::optional<event> e(std::in_place);
  event& same = *e;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread setter("setter", [&] { same.set(); });
  testing::thread canceller("canceller", [&] { h.cancel(); });
  bool waited = in_scope(s, e->wait()).get();
  if (waited)
    e.reset();
  else
    testing::check(s.cancel_called(), "a wait that did not happen was cancelled");
  setter.join();
  event never_set;
  testing::check(!move_on_after(std::chrono::milliseconds(1), never_set.wait()).get(),
                 "and it is woken once");
}

TWIN(event, a_deadline_ends_a_wait_or_comes_too_late) {
  event e;
  testing::thread setter("setter", [&] { e.set(); });
  if (move_on_after(std::chrono::milliseconds(1), e.wait()).get())
    testing::check(e.is_set(), "a wait that happened has seen the event");
  e.wait().get();
}

TWIN(event, makes_its_waiters_ready_in_the_order_in_which_they_came) {
  event e;
  std::vector<int> order;
  auto wait = [&](int i) -> task<> {
    event_wait w = e.wait();
    co_await w;
    if (w.waited()) order.push_back(i);  // else it was set already
  };
  testing::thread setter("setter", [&] { e.set(); });
  all(wait(0), wait(1)).get();
  testing::check(std::is_sorted(order.begin(), order.end()), "who came first goes on first");
}
