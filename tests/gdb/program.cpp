// Stands still with a task of each kind, as a program does that hangs; says so first.
#include <kettle/kettle.hpp>

#include <cstdio>

#include <unistd.h>

using namespace kettle;
using namespace std::chrono_literals;

namespace {

task<> hold(mutex& db, event& never_set) {
  auto g = co_await db.lock();
  co_await never_set.wait();
}

task<> want(mutex& db) { auto g = co_await db.lock(); }

task<> close_something() {
  event begun;
  co_await with_nursery([&](nursery& n) -> task<> {
    n.start(name("deaf"), on_thread, [&] {
      begun.set();
      for (;;) ::pause();
    });
    co_await begun.wait();
    n.cancel("closing time");
    std::puts("ready");
    std::fflush(stdout);
  });
}

task<> standstill() {
  mutex db;
  event never_set;
  co_await with_nursery([&](nursery& m) -> task<> {
    m.start(name("db-holder"), hold, std::ref(db), std::ref(never_set));
    m.start(name("db-wanter"), want, std::ref(db));
    m.start(name("on a fiber"), on_fiber, [&] { never_set.wait().get(); });
    m.start(name("on a thread"), on_thread, [&] { never_set.wait().get(); });
    m.start(name("closer"), close_something);
    co_await sleep_for(1h);
  });
}

}  // namespace

int main() { run(standstill); }
