// expect: does nothing until it is awaited
#include <kettle/core/sleep.hpp>
#include <kettle/coro/task.hpp>

using namespace std::chrono_literals;

kettle::task<> breakfast() {
#ifdef OK
  co_await kettle::sleep_for(1s);
#else
  kettle::sleep_for(1s);
#endif
  co_return;
}
