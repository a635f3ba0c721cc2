// Coroutines on one loop switch only where they await, so it is much harder to create a race.
// Built with kettle::explored.
//
// What is explored here: a loop runs the coroutines that are ready one after another, in the order
// in which they became ready; no schedule changes that order. So the body makes it a choice:
// testing::choose says how many turns each coroutine gives away before it adds. All choices are
// tried. There is one thread, so nothing else can differ.
#include <kettle/kettle.hpp>
#include <kettle/testing.hpp>
#include <cstdio>
using namespace kettle;

// [add]
task<> add(int& n) {
  for (auto turns = testing::choose(3); turns > 0; turns--) co_await yield();
  int before = n;
  n = before + 1;                                  // no await since the read: nobody came between
}
// [/add]

// [add-across]
task<> add_across_an_await(int& n) {
  for (auto turns = testing::choose(3); turns > 0; turns--) co_await yield();
  int before = n;
  co_await yield();                                // here the other one may run
  n = before + 1;
}
// [/add-across]

// [body]
void two_of(task<> (*adds)(int&)) {
  int n = 0;
  run([&](nursery& both) {
    both.start(adds, std::ref(n));
    both.start(adds, std::ref(n));
  });
  testing::check(n == 2, "no update is lost");
}
// [/body]

void show(const char* name, task<> (*adds)(int&)) {
  auto e = testing::explore({.strategy = testing::dfs(2)}, [&] { two_of(adds); });
  if (e.failed)
    std::printf("%s: %s: %s\n", name, e.kind.c_str(), e.message.c_str());
  else
    std::printf("%s: %s\n", name, e.exhausted ? "never fails" : "not all tried");
}

int main() {
  show("no await between", add);
  show("an await between", add_across_an_await);
}
