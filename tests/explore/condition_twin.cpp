#include "twin.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace kettle::twins {
namespace {

// What most waits of a condition are about.
struct letterbox {
  mutex m;
  condition changed;
  testing::var<int> letters = 0;

  task<> put(int n) {
    auto g = co_await m.lock();
    letters = letters + n;
  }
  task<> take() {
    auto g = co_await m.lock();
    while (letters == 0) co_await changed.wait(g);
    letters = letters - 1;
  }
};

}  // namespace
}  // namespace kettle::twins

TWIN(condition, a_change_is_not_missed) {
  letterbox box;
  testing::thread postman("postman", [&] {
    box.put(1).get();
    box.changed.notify_one();
  });
  box.take().get();
  testing::check(box.letters == 0, "the letter is taken once");
}

TWIN(condition, may_be_notified_with_the_mutex_held) {
  letterbox box;
  testing::thread postman("postman", [&] {
    auto g = box.m.lock().get();
    box.letters = 1;
    box.changed.notify_one();
  });
  box.take().get();
}

TWIN(condition, notify_all_wakes_everybody) {
  letterbox box;
  testing::thread postman("postman", [&] {
    box.put(2).get();
    box.changed.notify_all();
  });
  all(box.take(), box.take()).get();
  testing::check(box.letters == 0, "both have taken one");
}

TWIN(condition, notify_all_wakes_threads_one_after_the_other) {
  letterbox box;
  testing::thread one("one", [&] { box.take().get(); });
  testing::thread two("two", [&] { box.take().get(); });
  box.put(2).get();
  box.changed.notify_all();
}

TWIN(condition, notify_one_wakes_who_has_waited_longest) {
  mutex m;
  condition changed;
  event both_wait;
  std::vector<int> order;
  auto wait = [&](int i) -> task<> {
    auto g = co_await m.lock();
    co_await changed.wait(g);
    order.push_back(i);
  };
  testing::thread notifier("notifier", [&] {
    both_wait.wait().get();
    changed.notify_one();
    changed.notify_one();
  });
  all(wait(0), wait(1), [&] { both_wait.set(); }).get();
  testing::check(order == std::vector<int>{0, 1}, "they go on in the order in which they came");
}

// Woken by a notification or by its deadline: either way with the mutex.
TWIN(condition, a_cancelled_wait_holds_the_mutex_again) {
  letterbox box;
  testing::thread postman("postman", [&] {
    box.put(1).get();
    box.changed.notify_one();
  });
  auto take = [&]() -> task<> {
    auto g = co_await box.m.lock();
    try {
      while (box.letters == 0) co_await box.changed.wait(g);
    } catch (const cancelled&) {
      box.letters = box.letters + 10;  // a race, if somebody else had the mutex
      throw;
    }
    box.letters = box.letters - 1;
  };
  bool taken = move_on_after(std::chrono::milliseconds(1), take()).get();
  postman.join();
  testing::check(box.letters == (taken ? 0 : 11) || (!taken && box.letters == 1),
                 "the letter is taken, or left where it is");
  testing::check(!box.m.is_locked(), "who has left has unlocked");
}

// One letter and one notification for two; the first may be cancelled with the notification in its
// hands.
TWIN(condition, a_notification_of_a_cancelled_wait_is_passed_on) {
  letterbox box;
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread postman("postman", [&] {
    box.put(1).get();
    box.changed.notify_one();
    h.cancel();
  });
  auto first = [&]() -> task<> {
    if (!co_await in_scope(s, box.take())) co_return;
    co_await box.put(1);
    box.changed.notify_one();
  };
  all(first(), box.take()).get();
  testing::check(box.letters == 0, "the second has the letter");
}

TWIN(condition, may_be_destroyed_when_its_last_wait_has_returned) {
  mutex m;
  std::optional<condition> changed(std::in_place);
  condition& same = *changed;
  bool said = false;
  testing::thread notifier("notifier", [&] {
    auto g = m.lock().get();
    said = true;
    same.notify_one();
  });
  {
    auto g = m.lock().get();
    while (!said) changed->wait(g).get();
    changed.reset();
  }
}
