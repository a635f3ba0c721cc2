#include <kettle/kettle.hpp>
#include <cstdio>
#include <string>
using namespace std::chrono_literals;

kettle::task<std::string> brew() {                              // waits: a coroutine
  co_await kettle::sleep_for(3min);
  co_return "coffee";
}

std::string build(int slices) {                                 // computes or blocks: any function
  return std::to_string(slices) + "-slice sandwich";
}

kettle::task<int> breakfast(kettle::nursery& kitchen) {
  // Children outlive this body: what they refer to is given by value, or lives outside of it.
  auto coffee   = kitchen.start(brew);                          // on this loop
  auto sandwich = kitchen.start(kettle::on_thread, build, 2);   // or on_process, on_fiber, a pool
  std::printf("%s\n", (co_await sandwich).c_str());             // ready before the water boils
  std::printf("%s\n", (co_await coffee).c_str());

  // or in one line
  auto [second_cup, toast] = co_await kettle::all(brew(), kettle::on_thread(build, 1));
  std::printf("%s and %s\n", second_cup.c_str(), toast.c_str());
  co_return 0;
}

int main() { return kettle::run(breakfast); }                   // returns when the kitchen is empty
