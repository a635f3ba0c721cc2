// expect: an ordinary function would block the loop: give it a place
#include <kettle/coro/start.hpp>

kettle::task<int> brew(int cups);
int build(int slices);

void breakfast(kettle::nursery& kitchen) {
#ifdef OK
  kitchen.start(brew, 2);
#else
  kitchen.start(build, 2);
#endif
}
