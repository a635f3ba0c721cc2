// Acts of the theme `lives`: forms and nurseries. Each has a household: its children end before it.

#include "lives.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace soak {

namespace {

// The results of a map: in the order of the input, or in any.
void check_doubled(std::vector<unsigned> got, std::vector<unsigned> in, map_order order) {
  for (unsigned& x : in) x = twice(x);
  if (order == map_order::completion) {
    std::sort(got.begin(), got.end());
    std::sort(in.begin(), in.end());
  }
  check(got == in, "a map gives what its function gave, once for each input");
}

map_options some_map(chance& random) {
  return {.at_once = random.between(1, 6),
          .order = random.one_in(2) ? map_order::input : map_order::completion};
}

task<> race_two(liver& w) {
  household home;
  const unsigned a = w.number(), b = w.number();
  const unsigned got =
      co_await race(wait_a_little(counted(home), a), on_thread(block_a_little, counted(home), b));
  check(got == twice(a) || got == twice(b), "a race gives the value of one of its waits");
}

task<> all_three(liver& w) {
  household home;
  const unsigned a = w.number(), b = w.number(), c = w.number();
  auto [x, y, z] =
      co_await all(wait_a_little(counted(home), a), on_fiber(block_a_little, counted(home), b),
                   on_cores(block_a_little, counted(home), c));
  check(x == twice(a) && y == twice(b) && z == twice(c), "all gives every value, in order");
}

task<> first_of_eight(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(8);
  auto attempt = [&home](unsigned x) { return wait_a_little(counted(home), x); };
  const unsigned got = co_await first_of(attempt, in, {.stagger = 10us});
  check(std::count(in.begin(), in.end(), got / 2) > 0, "first_of gives the value of a try");
}

task<> map_here(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(12);
  const map_options how = some_map(w.random);
  auto f = [&home](unsigned x) { return wait_a_little(counted(home), x % 2 ? 3 : 6); };
  (void)co_await map(as_outcome, f, in, how);
  auto sure = [](unsigned x) -> task<unsigned> {
    co_await yield();
    co_return twice(x);
  };
  check_doubled(co_await map(sure, in, how), in, how.order);
}

task<> map_on_threads(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(8);
  const map_options how = some_map(w.random);
  auto sure = [&home](unsigned x) {
    counted here(home);
    sleep_for(chance(x).moment()).get();
    return twice(x);
  };
  check_doubled(co_await map(on_thread, sure, in, how), in, how.order);
}

task<> drop_a_map(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(6);
  const map_options how = some_map(w.random);
  const unsigned taken = w.random(3);
  auto f = [&home](unsigned x) { return block_a_little(counted(home), x); };
  auto body = [&](nursery& n) -> task<> {
    auto items = n.map(on_thread, f, in, how);
    for (unsigned i = 0; i < taken; i++) (void)co_await items.next();
  };
  co_await with_nursery(body);
}

task<> serve_until_closing(liver& w) {
  household home;
  const duration grace = w.random.moment(), moment = w.random.moment();
  const std::vector<unsigned> in = w.numbers(4);
  auto serve = [](counted) -> task<> { co_await sleep_forever(); };
  auto body = [&](nursery& n) -> task<> {
    n.start(as_service, serve, counted(home));
    for (unsigned x : in) n.start(as_outcome, wait_a_little, counted(home), x);
    n.cancel_after(grace);
    check(n.closing(), "a nursery that drains is closing");
    (void)co_await until_closing(n, sleep_for(moment));
  };
  co_await with_nursery(body);
}

task<> be_ready(started<unsigned>& ready, counted, unsigned x) {
  chance random(x);
  if (random.one_in(5)) throw boom();
  co_await sleep_for(random.moment());
  ready(twice(x));
  co_await sleep_for(random.moment());
  if (random.one_in(9)) throw boom();
}

task<> wait_until_ready(liver& w) {
  household home;
  const unsigned x = w.number();
  auto body = [&](nursery& n) -> task<> {
    const unsigned got = co_await n.start_ready(be_ready, counted(home), x);
    check_equal(got, twice(x), "start_ready gives what its child said");
  };
  co_await with_nursery(body);
}

task<> clean_up(liver& w) {
  household home;
  bool cleaned = false;
  const unsigned x = w.number();
  auto work = [&] { return wait_a_little(counted(home), x); };
  auto cleanup = [&]() -> task<> {
    cleaned = true;
    co_await sleep_for(10us);
  };
  try {
    (void)co_await finally(work, cleanup, 50us);
  } catch (...) {
    check(cleaned, "finally runs its cleanup");
    throw;
  }
  check(cleaned, "finally runs its cleanup");
}

task<> start_by_deadline(liver& w) {
  household home;
  const unsigned x = w.number(), y = w.number();
  const duration a = w.random.moment(), b = w.random.moment();
  auto body = [&](nursery& n) {
    n.start(deadline(a), on_thread, block_a_little, counted(home), x);
    n.start(deadline(b), wait_a_little, counted(home), y);
  };
  try {
    co_await with_nursery(body);
  } catch (const std::exception&) {
    handle_each([](const timeout_error&) {});
  }
}

task<> move_a_deadline(liver& w) {
  household home;
  cancel_scope scope(clock::now() + w.random.moment());
  const duration moment = w.random.moment(), later = w.random.moment();
  auto inside = [&](nursery& n) -> task<> {
    n.start(on_thread, [&home] {
      counted here(home);
      sleep_forever().get();
    });
    co_await sleep_for(moment);
    scope.deadline(clock::now() + later);
  };
  const bool done = co_await in_scope(scope, with_nursery(inside));
  check(!done && scope.caught(), "a moved deadline ends what is on another thread");
}

task<> tell_when_done(liver& w) {
  household home;
  std::atomic<int> told{0};
  const unsigned x = w.number();
  const duration moment = w.random.moment();
  auto body = [&](nursery& n) -> task<> {
    n.start(as_outcome, on_fiber, block_a_little, counted(home), x)
        .on_done([&told](const outcome<outcome<unsigned>>&) { told++; });
    co_await sleep_for(moment);
    n.cancel("no longer needed");
  };
  co_await with_nursery(body);
  check_equal(told, 1, "on_done is called once, before the nursery ends");
}

constexpr act<liver> acts[] = {
    {"race_two", race_two},
    {"all_three", all_three},
    {"first_of_eight", first_of_eight},
    {"map_here", map_here},
    {"map_on_threads", map_on_threads},
    {"drop_a_map", drop_a_map},
    {"serve_until_closing", serve_until_closing},
    {"wait_until_ready", wait_until_ready},
    {"clean_up", clean_up},
    {"start_by_deadline", start_by_deadline},
    {"move_a_deadline", move_a_deadline},
    {"tell_when_done", tell_when_done},
};

}  // namespace

constexpr std::span<const act<liver>> acts_of_forms(acts);

}  // namespace soak
