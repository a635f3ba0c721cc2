#pragma once
// Ways to cut an act short: each ends it after a random moment, if it has not ended by then.
//
//   const act<worker> acts[] = {{"send", send}, ...};
//   co_await random.of(ways<worker>)(w, random.of(acts).run);
//
// A Worker has a `random`, says whether its `acts_end` by themselves, and is used by one task at a
// time.

#include "soak.hpp"

#include <functional>
#include <span>
#include <stdexcept>
#include <type_traits>

namespace soak {

// What an act may end with on purpose.
struct boom : std::runtime_error {
  boom() : std::runtime_error("boom") {}
};
void allow_booms(const char* act);  // in a catch: whatever else there is, is a violation

template <class Worker> using doing = task<> (*)(Worker&);
template <class Worker> struct act {
  const char* name;
  doing<Worker> run;
};
template <class Worker> using way = task<> (*)(Worker&, doing<Worker>);

template <class Worker> task<> by_deadline(Worker& w, doing<Worker> what) {
  (void)co_await move_on_after(w.random.moment(), what(w));
}

template <class Worker> task<> by_timeout(Worker& w, doing<Worker> what) {
  try {
    co_await fail_after(w.random.moment(), what(w));
  } catch (const timeout_error&) {}
}

template <class Worker> task<> by_race(Worker& w, doing<Worker> what) {
  const duration moment = w.random.moment();
  co_await race(what(w), sleep_for(moment));
}

template <class Worker> task<> by_scope(Worker& w, doing<Worker> what) {
  const duration moment = w.random.moment();
  cancel_scope scope;
  auto cut = [&]() -> task<> {
    co_await sleep_for(moment);
    scope.cancel("by a sibling");
  };
  co_await all(in_scope(scope, what(w)), cut());
}

template <class Worker> task<> by_handle(Worker& w, doing<Worker> what) {
  const duration moment = w.random.moment();
  cancel_scope scope;
  auto cut = [handle = scope.handle(), moment] {
    sleep_for(moment).get();
    handle.cancel("from another thread");
  };
  co_await all(in_scope(scope, what(w)), on_thread(cut));
}

template <class Worker> task<> by_future(Worker& w, doing<Worker> what) {
  const duration moment = w.random.moment();
  auto body = [&](nursery& n) -> task<> {
    auto child = n.start(what, std::ref(w));
    co_await sleep_for(moment);
    child.cancel();
  };
  co_await with_nursery(body);
}

template <class Worker> task<> by_nursery(Worker& w, doing<Worker> what) {
  const duration moment = w.random.moment();
  auto body = [&](nursery& n) -> task<> {
    n.start(what, std::ref(w));
    co_await sleep_for(moment);
    n.cancel("its nursery");
  };
  co_await with_nursery(body);
}

template <const auto& Place, class Worker> task<> elsewhere(Worker& w, doing<Worker> what) {
  (void)co_await move_on_after(w.random.moment(), Place(what, std::ref(w)));
}

template <class Worker>
inline constexpr way<Worker> ways[] = {
    by_deadline<Worker>,
    by_timeout<Worker>,
    by_race<Worker>,
    by_scope<Worker>,
    by_handle<Worker>,
    by_future<Worker>,
    by_nursery<Worker>,
    elsewhere<on_thread, Worker>,
    elsewhere<on_cores, Worker>,
    elsewhere<on_fiber, Worker>,
};

// One act after the other, each cut short in some way, and now and then not at all if the worker's
// acts end by themselves. None may fail but with a boom.
template <class Worker>
task<> act_at_random(Worker& w, std::type_identity_t<std::span<const act<Worker>>> acts,
                     int times) {
  for (int i = 0; i < times; i++) {
    const act<Worker>& a = w.random.of(acts);
    try {
      if (Worker::acts_end && w.random.one_in(3))
        co_await a.run(w);
      else
        co_await w.random.of(ways<Worker>)(w, a.run);
    } catch (const std::exception&) {
      allow_booms(a.name);
    } catch (const cancelled& c) {  // nobody has cancelled a worker
      violated(std::string(a.name) + " was cancelled: " + c.reason);
    }
  }
}

}  // namespace soak
