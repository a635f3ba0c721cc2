// expect: one of them cannot be copied: pass std::move(x) to give it away, or std::ref(x)
#include <kettle/coro/start.hpp>

#include <functional>

kettle::task<> brew(int& cups);

void breakfast(kettle::nursery& kitchen, int& cups) {
#ifdef OK
  kitchen.start(brew, std::ref(cups));
#else
  kitchen.start(brew, cups);
#endif
}
