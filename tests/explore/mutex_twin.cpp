#include "twin.hpp"

#include <algorithm>
#include <optional>
#include <vector>

TWIN(mutex, one_task_at_a_time) {
  mutex m;
  testing::var<int> n = 0;
  auto add = [&] {
    auto g = m.lock().get();
    n = n + 1;
  };
  testing::thread other("other", add);
  add();
  other.join();
  testing::check(n == 2, "no update is lost");
  testing::check(!m.is_locked(), "who is done has unlocked it");
}

TWIN(mutex, may_be_destroyed_by_the_last_who_had_it) {
  struct account {
    mutex m;
  };
  std::optional<account> a(std::in_place);
  mutex& same = a->m;
  event locked;
  testing::thread other("other", [&] {
    auto g = same.lock().get();
    locked.set();
  });
  locked.wait().get();
  a->m.lock().get().release();
  a.reset();  // while the other is on its way out of release(), perhaps
}

TWIN(mutex, of_two_try_locks_one_has_it) {
  mutex m;
  testing::var<int> n = 0;
  int had = 0;
  testing::thread other("other", [&] {
    if (auto g = m.try_lock()) n = n + 1;
  });
  if (auto g = m.try_lock()) {
    n = n + 1;
    had++;
  }
  other.join();
  testing::check(n == had || n == had + 1, "who has it is alone");
  testing::check(n > 0, "the first that tries has it");
  testing::check(bool(m.try_lock()), "it is free again");
}

TWIN(mutex, goes_to_its_waiters_in_the_order_in_which_they_came) {
  mutex m;
  event locked;
  std::vector<int> order;
  auto lock = [&](int i) -> task<> {
    mutex_lock l = m.lock();
    auto g = co_await l;
    if (l.waited()) order.push_back(i);
  };
  testing::thread holder("holder", [&] {
    auto g = m.lock().get();
    locked.set();
  });
  locked.wait().get();
  all(lock(0), lock(1)).get();
  testing::check(std::is_sorted(order.begin(), order.end()), "who came first has it first");
}

TWIN(mutex, who_locks_again_comes_after_who_waited) {
  mutex m;
  bool second_had_it = false;
  auto first = [&]() -> task<> {
    auto g = co_await m.lock();
    co_await yield();  // the second waits from now on
    g.release();
    g = co_await m.lock();
    testing::check(second_had_it, "nobody overtakes who waits");
  };
  auto second = [&]() -> task<> {
    auto g = co_await m.lock();
    second_had_it = true;
  };
  testing::thread other("other", [&] { m.lock().get().release(); });
  all(first(), second()).get();
}

TWIN(mutex, a_cancelled_lock_is_held_by_nobody) {
  mutex m;
  testing::var<int> n = 0;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread holder("holder", [&] {
    auto g = m.lock().get();
    n = n + 1;
  });
  testing::thread canceller("canceller", [&] { h.cancel(); });
  auto add = [&]() -> task<> {
    auto g = co_await m.lock();
    n = n + 1;
  };
  bool added = in_scope(s, add()).get();
  holder.join();
  testing::check(n == (added ? 2 : 1), "cancelled: it was never locked");
  testing::check(bool(m.try_lock()), "nobody holds it any more");
}

TWIN(mutex, a_cancelled_waiter_lets_the_next_one_have_it) {
  mutex m;
  event locked;
  testing::thread holder("holder", [&] {
    auto g = m.lock().get();
    locked.set();
  });
  locked.wait().get();
  auto lock = [&]() -> task<> { auto g = co_await m.lock(); };
  all(move_on_after(std::chrono::milliseconds(1), lock()), lock()).get();
  testing::check(!m.is_locked(), "nobody holds it any more");
}

TWIN(mutex, whose_owner_has_ended_is_broken_for_all) {
  mutex m;
  event locked;
  mutex::guard put_away;
  testing::thread owner("owner", [&] {
    put_away = m.lock().get();
    locked.set();
  });
  locked.wait().get();
  bool broken = false;
  try {
    auto g = m.lock().get();
  } catch (const broken_resource&) {
    broken = true;
  }
  testing::check(broken, "who waits for an owner that has ended is told");
  owner.join();
}

TWIN(mutex, whose_holder_has_ended_is_broken_for_all_who_wait) {
  mutex m;
  std::optional<mutex::guard> kept;
  event locked;
  testing::thread holder("holder", [&] {
    kept = m.lock().get();
    locked.set();
  });
  locked.wait().get();
  int told = 0;
  auto lock = [&]() -> task<> {
    try {
      auto g = co_await m.lock();
    } catch (const broken_resource&) {
      told++;
    }
  };
  all(lock(), lock()).get();
  testing::check(told == 2, "nobody sleeps for ever, and nobody has it");
}
