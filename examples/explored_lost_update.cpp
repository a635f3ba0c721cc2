// Threads may switch at any moment, so they can race. Built with kettle::explored.
#include <kettle/kettle.hpp>
#include <kettle/testing.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
using namespace kettle;

// [faulty]
void lost_update() {                               // a body: called once a schedule, makes all anew
  atomic<int> n{0};
  auto add = [&] { n.store(n.load(seq_cst) + 1, seq_cst); };  // two steps: read, write

  testing::thread other("other", add);
  add();
  other.join();
  testing::check(n.load(seq_cst) == 2, "no update is lost");
}
// [/faulty]

// [race]
void plain_variable() {
  testing::var<int> n = 0;                         // stands for an `int n`, but is watched
  auto add = [&] { n.set(n.get() + 1); };

  testing::thread other("other", add);
  add();
}                                                  // no check: the race is a failure itself
// [/race]

// [mutex]
void with_a_mutex() {
  mutex m;
  testing::var<int> n = 0;
  auto add = [&] {
    auto g = m.lock().get();                       // one at a time from here on
    n.set(n.get() + 1);
  };
  testing::thread other("other", add);
  add();
  other.join();
  testing::check(n.get() == 2, "no update is lost");
}
// [/mutex]

// [atomic]
void in_one_step() {
  atomic<int> n{0};
  auto add = [&] { n.fetch_add(1, relaxed); };     // nobody comes between read and write

  testing::thread other("other", add);
  add();
  other.join();
  testing::check(n.load(relaxed) == 2, "no update is lost");
}
// [/atomic]

// [owner]
void with_an_owner() {
  channel<int> additions(1);
  testing::thread other("other", [&] { additions.send(1).get(); });

  testing::var<int> n = 0;                         // this thread's own: others send what to add
  n.set(n.get() + 1);
  n.set(n.get() + additions.next().get().value());
  testing::check(n.get() == 2, "no update is lost");
}
// [/owner]

// [loop]
void on_one_loop() {
  testing::var<int> n = 0;
  auto add = [&]() -> task<> {
    n.set(n.get() + 1);                            // no await: no other coroutine comes between
    co_return;
  };
  run([&](nursery& both) {
    both.start(add);
    both.start(add);
  });
  testing::check(n.get() == 2, "no update is lost");
}
// [/loop]

void show(const char* name, void (*body)()) {
  auto e = testing::explore({.strategy = testing::dfs(2)}, body);  // all with two preemptions
  if (e.failed)
    std::printf("%s: %s: %s\n", name, e.kind.c_str(), e.message.c_str());
  else
    std::printf("%s: %s\n", name, e.exhausted ? "never fails" : "not all tried");
}

int main() {
  // [explore]
  auto found = testing::explore({}, lost_update);
  std::cout << found;                              // what, the schedule, and its seed
  // [/explore]
  if (std::getenv("KETTLE_SEED")) return 0;        // that schedule was the wish

  // [replay]
  ::setenv("KETTLE_SEED", found.seed.c_str(), 1);  // in a shell: KETTLE_SEED=... ./program
  auto again = testing::explore({}, lost_update);  // that schedule alone
  ::unsetenv("KETTLE_SEED");
  std::printf("again, in %d schedule: %s\n", int(again.schedules), again.message.c_str());
  // [/replay]

  show("a plain variable", plain_variable);
  show("with a mutex", with_a_mutex);
  show("in one step", in_one_step);
  show("with an owner", with_an_owner);
  show("on one loop", on_one_loop);
}
