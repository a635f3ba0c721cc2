// expect: await a task where it is made: co_await f(x); what must live longer is started
// n.start(f, x)
#include <kettle/coro/task.hpp>

kettle::task<> brew();

kettle::task<> breakfast() {
#ifdef OK
  co_await brew();
#else
  auto coffee = brew();
  co_await coffee;
#endif
}
