// "Start two, add" with oneTBB: what bench/core/compile/start_two.cpp does, for its compile time.
#include <oneapi/tbb/task_group.h>

int fetch(int n) { return n; }

int main() {
  int a = 0, b = 0;
  tbb::task_group both;
  both.run([&] { a = fetch(1); });
  both.run([&] { b = fetch(2); });
  both.wait();
  return a + b == 3 ? 0 : 1;
}
