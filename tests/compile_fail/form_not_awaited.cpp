// expect: a task does nothing until it is awaited
#include <kettle/coro/forms.hpp>

using namespace std::chrono_literals;

kettle::task<> brew();

kettle::task<> breakfast() {
#ifdef OK
  co_await kettle::fail_after(2s, brew());
#else
  kettle::fail_after(2s, brew());
#endif
  co_return;
}
