#include <kettle/kettle.hpp>
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

std::string word(std::string who) {          // blocks; knows nothing of where it runs
  sleep_for(1s).get();                       // .get(): parks a fiber, blocks a thread
  if (who == "nobody") throw std::invalid_argument("nobody to greet");
  return "hello from a " + who;
}

task<> greet(nursery& n) {
  auto f = n.start(on_fiber, word, "fiber");
  auto t = n.start(on_thread, word, "thread");
  auto p = n.start(on_process, word, "process");
  // n.start(word, "loop") does not compile:
  // "an ordinary function would block the loop: give it a place"
  for (auto* one : {&f, &t, &p}) std::printf("%s\n", (co_await *one).c_str());
}

task<> same_rules() {
  auto waits = [&](auto where) -> task<> {   // the same deadline, cancellation and error everywhere
    auto late = co_await move_on_after(100ms, where(word, "slow one"));
    auto none = co_await as_outcome(where(word, "nobody"));
    std::printf("late: %d, error: %s\n", late.has_value(), none.what().c_str());
  };
  co_await all(waits(on_fiber), waits(on_thread), waits(on_process));
}

int main() {
  std::printf("%s\n", word("plain call").c_str());  // the fourth place: right here, without a loop
  run(greet);
  run(same_rules);
}
