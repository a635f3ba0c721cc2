// A home's inbox and its sleep: mail, timers and the domain's count of who is busy.

#include "core/home.hpp"

#include "twin.hpp"

#include <vector>

namespace kettle::twins {
namespace {

using namespace std::chrono_literals;

// Writes its number down where it is delivered.
struct seen_mail {
  std::vector<int> numbers;
  bool all = false;
};
struct numbered : mail {
  numbered(seen_mail& seen, int n) noexcept
      : mail([](mail& m) noexcept {
          auto& self = static_cast<numbered&>(m);
          self.into.numbers.push_back(self.number);
          self.into.all = self.into.numbers.size() == 3;
        }),
        into(seen),
        number(n) {}
  seen_mail& into;
  int number;
};

// Says that it has come.
struct flag : mail {
  flag() noexcept : mail([](mail& m) noexcept { static_cast<flag&>(m).up = true; }) {}
  bool up = false;
};

constexpr run_options in_virtual_time{.time = time_kind::virtual_time};

}  // namespace
}  // namespace kettle::twins

TWIN(loop_inbox, delivers_each_mail_once_in_its_poster_s_order) {
  home& here = home::here();
  seen_mail seen;
  numbered one(seen, 1), two(seen, 2), three(seen, 3);
  testing::thread first("first", [&] {
    here.post(one);
    here.post(two);
  });
  testing::thread second("second", [&] { here.post(three); });
  here.run_until(seen.all);
  std::erase(seen.numbers, 3);
  testing::check(seen.numbers == std::vector<int>{1, 2}, "one poster's mail in its order");
}

TWIN(loop_inbox, wakes_a_sleeper_for_the_mail_of_each_of_two) {
  home& here = home::here();
  flag a, b;
  testing::thread first("first", [&] { here.post(a); });
  testing::thread second("second", [&] { here.post(b); });
  here.run_until(a.up);
  here.run_until(b.up);
}

TWIN(loop_inbox, brings_with_the_mail_what_was_written_before) {
  home& here = home::here();
  testing::var<int> written = 0;
  flag a;
  testing::thread other("other", [&] {
    written = 1;
    here.post(a);
    testing::check(written == 1, "it is still there");
  });
  here.run_until(a.up);
  testing::check(written == 1, "it is seen");
}

TWIN(loop_inbox, fires_a_timer_while_mail_arrives) {
  home& here = home::here();
  time_point start = clock::now();
  flag a, b;
  testing::thread other("other", [&] {
    here.post(a);
    here.post(b);
  });
  sleep_for(1ms).get();
  testing::check(clock::now() == start + 1ms, "once its time has come, no sooner");
  here.run_until(a.up);
  here.run_until(b.up);
}

TWIN(loop_inbox, lets_a_wake_and_a_timer_meet) {
  event e;
  testing::thread setter("setter", [&] { e.set(); });
  bool granted = move_on_after(1ms, e.wait()).get();
  setter.join();
  testing::check(e.is_set(), "it was set meanwhile");
  if (!granted) e.wait().get();
  flag a;  // a wake that came after the timer would end a later wait
  testing::thread other("other", [&home = home::here(), &a] { home.post(a); });
  home::here().run_until(a.up);
}

// The ping and the pong are each the last thing that keeps the run from its deadlock.
TWIN(loop_inbox, counts_a_wake_under_way_as_busy) {
  event ping, pong;
  run([&](nursery& n) -> task<> {
    n.start(on_thread, [&] {
      ping.wait().get();
      pong.set();
    });
    ping.set();
    co_await pong.wait();
  });
}

TWIN(loop_inbox, lets_virtual_time_stand_while_somebody_is_busy) {
  event e;
  run(in_virtual_time, [&](nursery& n) -> task<> {
    time_point start = clock::now();
    n.start(on_thread, [&] {
      sleep_for(1s).get();
      e.set();
    });
    bool set = co_await move_on_after(2s, e.wait());
    testing::check(set && clock::now() == start + 1s, "nothing overtakes the wake");
  });
}

TWIN(loop_inbox, moves_virtual_time_from_timer_to_timer) {
  run(in_virtual_time, [](nursery& n) -> task<> {
    time_point start = clock::now();
    auto f = n.start(on_thread, [] {
      sleep_for(2s).get();
      return clock::now();
    });
    co_await sleep_for(1s);
    testing::check(clock::now() == start + 1s, "the earlier one first");
    time_point ended = co_await f;
    testing::check(ended == start + 2s && clock::now() == ended, "then the later one");
  });
}

TWIN(loop_inbox, tells_of_a_deadlock_when_all_sleep_for_ever) {
  bool told = false;
  try {
    run([](nursery& n) -> task<> {
      n.start(on_thread, [] { sleep_forever().get(); });
      co_await sleep_forever();
    });
  } catch (const deadlock_error&) {
    told = true;
  }
  testing::check(told, "whoever sleeps last");
}

TWIN(loop_inbox, tells_of_a_deadlock_in_virtual_time_after_its_last_timer) {
  bool told = false;
  time_point start, ended;
  try {
    run(in_virtual_time, [&](nursery& n) -> task<> {
      start = clock::now();
      n.start(on_thread, [] { sleep_for(1s).get(); });
      try {
        co_await sleep_forever();
      } catch (const cancelled&) {
        ended = clock::now();
        throw;
      }
    });
  } catch (const deadlock_error&) {
    told = true;
  }
  testing::check(told && ended == start + 1s, "when nothing is left that could happen");
}
