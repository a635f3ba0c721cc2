// A program of ordinary threads: what its threads cost, native or as green ones.
//
//   green_threads yield|join|memory
#include "../core/measure.hpp"

#include <sched.h>
#include <unistd.h>
#include <barrier>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

double yield_each(int threads, int times) {
  std::barrier together(threads + 1);
  std::vector<std::thread> all;
  for (int i = 0; i < threads; i++)
    all.emplace_back([&] {
      together.arrive_and_wait();
      for (int k = 0; k < times; k++) sched_yield();
    });
  together.arrive_and_wait();
  const double begin = bench::seconds_now();
  for (auto& t : all) t.join();
  return (bench::seconds_now() - begin) / threads / times * 1e9;
}

void join_each(long n) {
  for (long i = 0; i < n; i++) std::thread([] {}).join();
}

double memory_each(int threads) {
  const double before = bench::resident_bytes();
  for (int i = 0; i < threads; i++) std::thread([] { sleep(1000); }).detach();
  usleep(200'000);  // they have all begun to wait
  return (bench::resident_bytes() - before) / threads / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "yield";
  if (std::strcmp(what, "yield") == 0)
    bench::report("", yield_each(1000, 1000), "ns");
  else if (std::strcmp(what, "join") == 0)
    bench::report("", bench::nanoseconds_each(100'000, join_each), "ns");
  else
    bench::report("", memory_each(10'000), "KiB");
  std::_Exit(0);  // the sleeping ones never end
}
