#include <kettle/kettle.hpp>
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

void produce(sender<int> out) {                   // an ordinary function, on a thread
  for (int i = 1; i <= 5; i++) out.send(i).get();  // waits while the channel is full
}                                                 // the last sender is gone: the channel ends

void square(receiver<int> in, sender<int> out) {  // an ordinary function, on a fiber
  while (auto x = in.next().get()) out.send(*x * *x).get();
}

task<int> sum(receiver<int> in) {                 // a coroutine, on the loop
  int total = 0;
  while (auto x = co_await in.next()) total += *x;
  co_return total;
}

task<int> pipeline() {
  channel<int> numbers(2), squares(0);            // 2: bounded; 0: rendezvous
  co_return co_await with_nursery([&](nursery& n) -> task<int> {
    n.start(on_thread, produce, numbers.sender());
    n.start(on_fiber, square, numbers.receiver(), squares.sender());
    co_return co_await sum(squares.receiver());
  });
}

int main() {
  std::printf("in a coroutine: %d\n", run(pipeline));

  channel<int> numbers(2), squares(0);            // the same in a plain thread: .get() for co_await
  int total = with_nursery([&](nursery& n) {
    n.start(on_thread, produce, numbers.sender());
    n.start(on_thread, square, numbers.receiver(), squares.sender());
    int t = 0;
    while (auto x = fail_after(1s, squares.next()).get()) t += *x;
    return t;
  }).get();
  std::printf("in a thread: %d\n", total);
}
