// expect: one of them cannot be copied: pass std::move(x) to give it away, or std::ref(x)
#include <kettle/coro/start.hpp>

#include <memory>

kettle::task<> brew(std::unique_ptr<int> cups);

void breakfast(kettle::nursery& kitchen, std::unique_ptr<int> cups) {
#ifdef OK
  kitchen.start(brew, std::move(cups));
#else
  kitchen.start(brew, cups);
#endif
}
