#include <kettle/kettle.hpp>
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main() {                             // no loop, no coroutine, no run()
  thread_pool pool({.workers = 4});

  auto big = pool.start(fib, 25);        // a future, as from std::async
  std::vector<int> ns = {10, 15, 20, 5};
  for (long r : pool.map(fib, ns)) std::printf("%ld\n", r);  // in order, a bounded window ahead
  std::printf("%ld\n", big.get());       // get() throws what fib threw

  auto late = pool.start([] { sleep_for(1h).get(); });
  bool done = move_on_after(50ms, late).get();  // waiting for a future has a deadline like anything
  std::printf("%s\n", done ? "done" : "not yet");
  late.cancel();

  auto [a, b] = all(pool(fib, 20), pool(fib, 21)).get();  // fork and join
  std::printf("%ld %ld\n", a, b);

  try {
    with_nursery([&](nursery& n) {       // a scope of threads: one error ends all
      n.start(pool, [] { sleep_for(1h).get(); });
      n.start(pool, [] { throw std::runtime_error("broken"); });
    }).get();
  } catch (error_group& g) {
    std::printf("%s\n", g.what());       // 1 error: broken
  }
}                                        // ~thread_pool: cancels what is queued, waits for the rest
