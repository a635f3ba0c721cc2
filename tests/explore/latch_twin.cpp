#include "twin.hpp"

#include <optional>

TWIN(latch, opens_when_all_have_counted) {
  latch done(2);
  testing::var<int> a = 0, b = 0;
  testing::thread one("one", [&] {
    a = 1;
    done.count_down();
  });
  testing::thread two("two", [&] {
    b = 1;
    done.count_down();
  });
  done.wait().get();
  testing::check(a == 1 && b == 1, "what each did before it counted is visible");
}

TWIN(latch, is_open_shows_what_was_done_before) {
  latch done(2);
  testing::var<int> a = 0;
  testing::thread other("other", [&] {
    a = 1;
    done.count_down();
  });
  done.count_down();
  if (done.is_open()) testing::check(a == 1, "what the other did before it counted is visible");
  other.join();
  testing::check(done.is_open() && done.count() == 0, "open, once both have counted");
}

TWIN(latch, may_be_destroyed_once_wait_has_returned) {
  std::optional<latch> done(std::in_place, 2);
  latch& same = *done;
  testing::thread one("one", [&] { same.count_down(); });
  testing::thread two("two", [&] { same.count_down(); });
  done->wait().get();
  done.reset();  // while both are on their way out, perhaps
}

TWIN(latch, refuses_who_counts_once_too_often) {
  latch done(1);
  auto count = [&] {
    try {
      done.count_down();
      return 1;
    } catch (const usage_error&) {
      return 0;
    }
  };
  int counted_there = 0;
  testing::thread other("other", [&] { counted_there = count(); });
  int counted_here = count();
  done.wait().get();
  other.join();
  testing::check(counted_here + counted_there == 1, "one of the two has counted");
}

TWIN(latch, a_cancelled_wait_has_left_it) {
  latch done(1);
  testing::thread other("other", [&] { done.count_down(); });
  if (!move_on_after(std::chrono::milliseconds(1), done.wait()).get()) done.wait().get();
  testing::check(done.is_open(), "whoever waits again sees it open");
}
