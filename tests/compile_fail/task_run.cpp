// expect: a task already made may refer to arguments that are gone
#include <kettle/coro/run.hpp>

kettle::task<int> brew();

int main() {
#ifdef OK
  return kettle::run(brew);
#else
  return kettle::run(brew());
#endif
}
