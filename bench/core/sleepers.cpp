// N children of a nursery asleep at once: the memory of each, and how late the last one ends.
//
// Late counts from before the first was started, as for the peers: starting and ending N is in it.
#include "measure.hpp"

#include <kettle/kettle.hpp>

#include <cstdlib>

namespace {

constexpr int sleep_s = 5;

kettle::task<> sleeper() { co_await kettle::sleep_for(std::chrono::seconds(sleep_s)); }

// Started after all the others, so all sleep when it runs.
kettle::task<> weigh(double& bytes) {
  bytes = bench::resident_bytes();
  co_return;
}

kettle::task<> all(long n) {
  double asleep = 0;
  const double before = bench::resident_bytes(), begin = bench::seconds_now();
  co_await kettle::with_nursery([&](kettle::nursery& bed) {
    for (long i = 0; i < n; i++) bed.start(sleeper);
    bed.start(weigh, std::ref(asleep));
  });
  bench::report("bytes", (asleep - before) / static_cast<double>(n), "B");
  bench::report("late", bench::seconds_now() - begin - sleep_s, "s");
}

}  // namespace

int main(int argc, char** argv) { kettle::run(all, argc > 1 ? std::atol(argv[1]) : 1'000'000); }
