// expect: a task does nothing until it is awaited
#include <kettle/coro/task.hpp>

kettle::task<> brew();

kettle::task<> breakfast() {
#ifdef OK
  co_await brew();
#else
  brew();
#endif
  co_return;
}
