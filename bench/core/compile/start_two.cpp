// "Start two, add", for its compile time: the smallest program that has two children.
#include <kettle/kettle.hpp>

kettle::task<int> fetch(int n) { co_return n; }

kettle::task<int> add(kettle::nursery& n) {
  auto a = n.start(fetch, 1);
  auto b = n.start(fetch, 2);
  const int first = co_await a;
  co_return first + co_await b;
}

int main() { return kettle::run(add) == 3 ? 0 : 1; }
