// expect: give start the function and its arguments: n.start(fetch, url)
// refer to arguments
#include <kettle/coro/start.hpp>

kettle::task<> brew();

void breakfast(kettle::nursery& kitchen) {
#ifdef OK
  kitchen.start(brew);
#else
  kitchen.start(brew());
#endif
}
