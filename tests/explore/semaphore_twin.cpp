#include "twin.hpp"

#include <algorithm>
#include <optional>
#include <vector>

TWIN(semaphore, with_one_permit_lets_one_in_at_a_time) {
  semaphore s(1);
  testing::var<int> n = 0;
  auto add = [&] {
    auto permit = s.acquire().get();
    n = n + 1;
  };
  testing::thread other("other", add);
  add();
  other.join();
  testing::check(n == 2, "no update is lost");
  testing::check(s.available() == 1, "the permit has come back");
}

TWIN(semaphore, released_permits_wake_as_many_and_the_rest_is_kept) {
  semaphore s(0);
  testing::var<int> done_before = 0;
  auto take = [&] {
    s.acquire().get().keep();
    testing::check(done_before == 1, "what was done before release() is visible");
  };
  testing::thread one("one", take), two("two", take);
  done_before = 1;
  s.release(3);
  one.join();
  two.join();
  testing::check(s.available() == 1, "three were released, two were taken");
}

TWIN(semaphore, may_be_destroyed_once_its_only_permit_is_taken) {
  std::optional<semaphore> s(std::in_place, 0);
  semaphore& same = *s;
  testing::thread releaser("releaser", [&] { same.release(); });
  s->acquire().get().keep();
  s.reset();  // while release() is on its way out, perhaps
}

TWIN(semaphore, try_acquire_takes_what_is_there) {
  semaphore s(1);
  std::size_t had = 0;
  testing::thread other("other", [&] {
    if (auto permit = s.try_acquire()) permit.keep(), had++;
  });
  auto permit = s.try_acquire();
  other.join();
  testing::check(had + (permit ? 1 : 0) == 1, "one of the two has it");
  permit.release();
  testing::check(s.available() == 1 - had, "what was kept is gone, what was released is back");
}

TWIN(semaphore, permits_go_to_waiters_in_the_order_in_which_they_came) {
  semaphore s(0);
  std::vector<int> order;
  auto take = [&](int i) -> task<> {
    semaphore_acquire a = s.acquire();
    auto permit = co_await a;
    permit.keep();
    if (a.waited()) order.push_back(i);
  };
  testing::thread releaser("releaser", [&] {
    s.release();
    s.release();
  });
  all(take(0), take(1)).get();
  testing::check(std::is_sorted(order.begin(), order.end()), "who came first goes on first");
}

TWIN(semaphore, a_cancelled_wait_has_taken_nothing) {
  semaphore s(0);
  cancel_scope scope;
  scope_handle h = scope.handle();
  testing::thread releaser("releaser", [&] { s.release(); });
  testing::thread canceller("canceller", [&] { h.cancel(); });
  auto permit = in_scope(scope, s.acquire()).get();
  releaser.join();
  testing::check(s.available() == (permit ? 0 : 1), "the permit is taken, or still there");
}

// The one that waits longest is cancelled: what it was granted meanwhile is not lost.
TWIN(semaphore, a_cancelled_waiter_lets_the_next_one_have_its_permit) {
  semaphore s(0);
  cancel_scope scope;
  scope_handle h = scope.handle();
  testing::thread releaser("releaser", [&] {
    s.release();
    h.cancel();
  });
  int taken = 0;
  auto take = [&]() -> task<> {
    auto permit = co_await s.acquire();
    taken++;
  };
  all(in_scope(scope, take()), take()).get();
  testing::check(taken >= 1 && s.available() == 1, "it is neither lost nor doubled");
}
