// Boost.Fiber's side of the fiber measurements: boost_fiber yield|join|memory
#include "../core/measure.hpp"

#include <boost/fiber/all.hpp>
#include <chrono>
#include <cstring>
#include <vector>

namespace {

namespace fibers = boost::fibers;
namespace this_fiber = boost::this_fiber;

double yield_each(int count, long times) {
  long left = count;
  std::vector<fibers::fiber> all;
  for (int i = 0; i < count; i++) {
    all.emplace_back([&left, times] {
      for (long j = 0; j < times; j++) this_fiber::yield();
      left--;
    });
    all.back().detach();
  }
  const double begin = bench::seconds_now();
  while (left) this_fiber::yield();
  return (bench::seconds_now() - begin) / static_cast<double>(count * times) * 1e9;
}

void join_each(long n) {
  fibers::pooled_fixedsize_stack stacks;
  for (long i = 0; i < n; i++) fibers::fiber(std::allocator_arg, stacks, [] {}).join();
}

double memory_each(int count) {
  const double before = bench::resident_bytes();
  int asleep = 0;
  for (int i = 0; i < count; i++) {
    fibers::fiber(std::allocator_arg, fibers::fixedsize_stack(16 * 1024), [&asleep] {
      asleep++;
      this_fiber::sleep_for(std::chrono::hours(1));
    }).detach();
  }
  while (asleep < count) this_fiber::yield();
  return (bench::resident_bytes() - before) / count / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "yield";
  if (std::strcmp(what, "yield") == 0) {
    yield_each(1000, 10);
    bench::report("", yield_each(1000, 2000), "ns");
  } else if (std::strcmp(what, "join") == 0) {
    bench::report("", bench::nanoseconds_each(500'000, join_each), "ns");
  } else {
    bench::report("", memory_each(100'000), "KiB");
  }
  std::_Exit(0);  // the sleeping ones never end
}
