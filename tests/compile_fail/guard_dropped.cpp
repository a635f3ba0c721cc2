// expect: the guard releases at once when it is not kept
// only: clang++-19
#include <kettle/coro/task.hpp>
#include <kettle/sync/semaphore.hpp>

kettle::task<> breakfast(kettle::semaphore& stove) {
#ifdef OK
  auto mine = co_await stove.acquire();
#else
  co_await stove.acquire();
#endif
  co_return;
}
