// Requests from other threads against a scope that waits, closes, or changes its thread.

#include "twin.hpp"

#include <cstring>
#include <optional>

namespace kettle::twins {
namespace {

using namespace std::chrono_literals;

}  // namespace
}  // namespace kettle::twins

TWIN(scope_handle, cancels_who_sleeps_in_the_scope) {
  testing::var<int> written = 0;
  cancel_scope s;
  testing::thread other("other", [&, h = s.handle()] {
    written = 1;
    h.cancel("enough");
  });
  testing::check(!in_scope(s, sleep_forever()).get(), "nothing else could end it");
  testing::check(s.caught() && std::strcmp(s.reason(), "enough") == 0, "with its reason");
  testing::check(written == 1, "after what was written before");
}

TWIN(scope_handle, of_which_two_threads_have_one_cancels_once) {
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread one("one", [h] { h.cancel("one"); });
  testing::thread two("two", [h = std::move(h)] { h.cancel("two"); });
  testing::check(!in_scope(s, sleep_forever()).get(), "nothing else could end it");
  testing::check(std::strcmp(s.reason(), "one") == 0 || std::strcmp(s.reason(), "two") == 0,
                 "by one of them");
}

TWIN(scope_handle, asks_a_scope_that_closes_for_nothing) {
  bool done = false;
  {
    cancel_scope s;
    testing::thread other("other", [h = s.handle()] { h.cancel(); });
    done = in_scope(s, yield()).get();
    testing::check(done != s.caught(), "done or cancelled");
  }
  yield().get();  // whatever came too late lies in the mail now
}

// Neither the scope nor its thread is there when the last request comes.
TWIN(scope_handle, outlives_the_scope_and_its_thread) {
  std::optional<scope_handle> h;
  event made;
  testing::thread owner("owner", [&] {
    cancel_scope s;
    h = s.handle();
    made.set();
    in_scope(s, yield()).get();
  });
  made.wait().get();
  h->cancel();
  h.reset();
}

TWIN(scope_handle, moves_a_deadline_earlier_or_comes_too_late) {
  time_point start = clock::now();
  cancel_scope s(start + 2ms);
  testing::thread other("other", [h = s.handle(), start] { h.deadline(start + 1ms); });
  testing::check(!in_scope(s, sleep_forever()).get(), "nothing else could end it");
  testing::check(s.expired() && std::strcmp(s.reason(), "deadline") == 0, "its deadline did");
  duration took = clock::now() - start;
  testing::check(took == 1ms || took == 2ms, "at the one moment or the other");
}

TWIN(scope_handle, moves_a_deadline_later_or_comes_too_late) {
  time_point start = clock::now();
  cancel_scope s(start + 1ms);
  testing::thread other("other", [h = s.handle()] { h.deadline(never); });
  bool slept = in_scope(s, sleep_for(2ms)).get();
  testing::check(slept != s.expired(), "slept or cut");
  testing::check(clock::now() == start + (slept ? 2ms : 1ms), "at that moment");
}

TWIN(scope_handle, grants_a_grace_that_is_counted_from_when_it_is_heard_of) {
  time_point start = clock::now();
  cancel_scope s;
  testing::thread other("other", [h = s.handle()] { h.cancel_after(1ms); });
  testing::check(!in_scope(s, sleep_forever()).get(), "nothing else could end it");
  testing::check(s.expired() && clock::now() == start + 1ms, "when the grace was over");
}

// Whoever asks before the scope is entered does not know which thread will enter it.
TWIN(scope_handle, follows_its_scope_to_the_thread_that_enters_it) {
  cancel_scope s;
  scope_handle h = s.handle();
  testing::thread other("other", [&] {
    testing::check(!in_scope(s, sleep_forever()).get(), "nothing else could end it");
  });
  h.cancel();
  other.join();  // this thread does not look at its mail
}

// The scope's own methods, on another thread than its home.
TWIN(scope_handle, is_not_needed_to_ask_an_open_scope) {
  run({.time = time_kind::virtual_time}, []() -> task<> {
    time_point start = clock::now();
    cancel_scope s;
    auto body = [&](nursery& n) -> task<> {
      n.start(on_thread, [&s, start] { s.deadline(start + 2ms); });
      n.start(on_thread, [&s] { s.cancel_after(1ms); });
      co_await sleep_forever();
    };
    co_await in_scope(s, with_nursery(body));
    testing::check(s.expired(), "its deadline ended it");
    testing::check(clock::now() == start + 1ms || clock::now() == start + 2ms, "in their order");
  });
}

TWIN(scope_handle, whose_last_copy_goes_leaves_a_deadlock) {
  bool told = false;
  try {
    run([]() -> task<> {
      cancel_scope s;
      testing::thread other("other",
                            [h = s.handle()]() mutable { scope_handle last = std::move(h); });
      co_await in_scope(s, sleep_forever());
    });
  } catch (const deadlock_error&) {
    told = true;
  }
  testing::check(told, "nobody is left who could ask");
}

TWIN(scope_handle, that_cancels_and_goes_leaves_none) {
  run([]() -> task<> {
    cancel_scope s;
    testing::thread other("other", [h = s.handle()] { h.cancel(); });
    co_await in_scope(s, sleep_forever());
    testing::check(s.caught(), "the request came before the handle was given up");
  });
}

// A deadline that was moved later holds for a child on another thread too.
TWIN(scope_handle, moves_the_deadline_of_a_child_on_a_thread) {
  bool slept = run({.time = time_kind::virtual_time}, []() -> task<bool> {
    cancel_scope s;
    s.cancel_after(1s);
    auto moves_and_waits = [&](nursery& n) -> task<bool> {
      auto f = n.start(on_thread, [] {
        sleep_for(2s).get();
        return true;
      });
      s.deadline(never);
      co_return co_await f;
    };
    auto got = co_await in_scope(s, with_nursery(moves_and_waits));
    co_return got.value_or(false);
  });
  testing::check(slept, "nothing ends it early");
}

// And for a child of that child, whichever of the three looks at its clock first.
TWIN(scope_handle, moves_the_deadline_of_a_grandchild_on_a_third_thread) {
  bool slept = run({.time = time_kind::virtual_time}, []() -> task<bool> {
    cancel_scope s;
    s.cancel_after(1s);
    auto moves_and_waits = [&](nursery& n) -> task<bool> {
      auto f = n.start(on_thread, [] {
        return on_thread([] {
                 sleep_for(2s).get();
                 return true;
               })
            .get();
      });
      s.deadline(never);
      co_return co_await f;
    };
    auto got = co_await in_scope(s, with_nursery(moves_and_waits));
    co_return got.value_or(false);
  });
  testing::check(slept, "nothing ends it early");
}
