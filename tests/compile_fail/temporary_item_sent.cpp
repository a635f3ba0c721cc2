// expect: g++ 12 destroys this temporary twice
// only: g++
#include <kettle/coro/task.hpp>
#include <kettle/sync/channel.hpp>

#include <string>

struct order {
  std::string what;
  int slices;
};

kettle::task<> breakfast(kettle::channel<order>& orders) {
#ifdef OK
  co_await orders.emplace("toast", 2);
#else
  co_await orders.send(order{"toast", 2});
#endif
}
