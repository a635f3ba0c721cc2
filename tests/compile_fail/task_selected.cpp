// expect: goes to race(...)
#include <kettle/coro/all.hpp>
#include <kettle/sync/event.hpp>
#include <kettle/sync/select.hpp>

kettle::task<> brew() { co_return; }

kettle::task<> breakfast(kettle::event& stop) {
#ifdef OK
  co_await kettle::race(brew(), stop.wait());
#else
  co_await kettle::select(brew(), stop.wait());
#endif
}
