// expect: with_nursery takes a function whose first parameter is the nursery, then its arguments
#include <kettle/coro/forms.hpp>

kettle::task<> kitchen(kettle::nursery& n, int cups);
kettle::task<> no_kitchen(int cups);

kettle::task<> breakfast() {
#ifdef OK
  co_await kettle::with_nursery(kitchen, 2);
#else
  co_await kettle::with_nursery(no_kitchen, 2);
#endif
}
