// expect: this is not a wait: co_await on_thread(f, args...)
#include <kettle/coro/task.hpp>

int build(int slices);
kettle::task<int> brew(int cups);

kettle::task<int> breakfast() {
#ifdef OK
  co_return co_await brew(2);
#else
  co_return co_await build(2);
#endif
}
