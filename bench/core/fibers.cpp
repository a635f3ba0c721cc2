// Fibers of one loop, sharing its thread's TLS: fibers yield|join|memory
//
// yield: among 1000. join: start one, wait for it, the next. memory: 100 000 asleep.
#include "measure.hpp"

#include <kettle/kettle.hpp>

#include <cstdlib>
#include <cstring>

namespace {

void yielding(long times) {
  for (long i = 0; i < times; i++) kettle::yield().get();
}

kettle::task<double> yield_each(int count, long times) {
  const double begin = bench::seconds_now();
  co_await kettle::with_nursery([&](kettle::nursery& group) {
    for (int i = 0; i < count; i++) group.start(kettle::on_fiber, yielding, times);
  });
  co_return (bench::seconds_now() - begin) / static_cast<double>(count * times) * 1e9;
}

// In a fiber, as the peers' main function is one.
void join_each(kettle::nursery& group, long n) {
  for (long i = 0; i < n; i++) group.start(kettle::on_fiber, [] {}).get();
}

kettle::task<double> join_all(long n) {
  co_await kettle::with_nursery([&](kettle::nursery& group) {
    group.start(kettle::on_fiber, join_each, std::ref(group), n / 10);
  });
  const double begin = bench::seconds_now();
  co_await kettle::with_nursery([&](kettle::nursery& group) {
    group.start(kettle::on_fiber, join_each, std::ref(group), n);
  });
  co_return (bench::seconds_now() - begin) / static_cast<double>(n) * 1e9;
}

void sleeping() { kettle::sleep_for(std::chrono::hours(1)).get(); }

// Started after all the others, so all sleep when it runs; they never end.
void weigh(double before, int count) {
  bench::report("", (bench::resident_bytes() - before) / count / 1024, "KiB");
  std::_Exit(0);
}

kettle::task<double> memory_each(int count) {
  const double before = bench::resident_bytes();
  co_await kettle::with_nursery([&](kettle::nursery& group) {
    for (int i = 0; i < count; i++) group.start(kettle::on_fiber, sleeping);
    group.start(kettle::on_fiber, weigh, before, count);
  });
  co_return 0;
}

kettle::task<double> yield_warm() {
  co_await yield_each(1000, 100);
  co_return co_await yield_each(1000, 10'000);
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "yield";
  if (std::strcmp(what, "yield") == 0)
    bench::report("", kettle::run(yield_warm), "ns");
  else if (std::strcmp(what, "join") == 0)
    bench::report("", kettle::run(join_all, 1'000'000L), "ns");
  else
    kettle::run(memory_each, 100'000);
}
