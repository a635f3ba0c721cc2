// expect: g++ 12 destroys this temporary twice: name it first, capture by reference
// only: g++
#include <kettle/coro/forms.hpp>

#include <string>

using namespace std::chrono_literals;

kettle::task<> brew(std::string sort);

kettle::task<> breakfast(std::string sort) {
#ifdef OK
  auto body = [sort] { return brew(sort); };
  co_await kettle::fail_after(2s, body);
#else
  co_await kettle::fail_after(2s, [sort] { return brew(sort); });
#endif
}
