// A plug-in that uses processes, for a program that knows nothing of kettle.
#include <kettle/kettle.hpp>

static int threefold(int x) { return 3 * x; }

extern "C" [[gnu::visibility("default")]] int use_processes() {
  kettle::process_pool pool({.workers = 1});
  return pool.start(threefold, 14).get();
}
