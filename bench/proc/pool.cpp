// Two worker processes: the round trip of a task that does nothing, many of them at once, the echo
// of a text, and the time until a fresh pool is usable and a killed worker is replaced.
#include "../core/measure.hpp"

#include <kettle/kettle.hpp>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

using namespace kettle;

int next_number(int x) { return x + 1; }
std::string echo(std::string s) { return s; }
int end_here(int) { return ::raise(SIGKILL); }

void round_trips(process_pool& pool, long n) {
  for (int i = 0; i < n; i++)
    if (pool.start(next_number, i).get() != i + 1) std::abort();
}

void at_once(process_pool& pool, long n) {
  std::vector<future<int>> all;
  all.reserve(std::size_t(n));
  for (int i = 0; i < n; i++) all.push_back(pool.start(next_number, i));
  for (int i = 0; i < n; i++)
    if (all[std::size_t(i)].get() != i + 1) std::abort();
}

void echoes(process_pool& pool, long n, const std::string& text) {
  for (long i = 0; i < n; i++)
    if (pool.start(echo, text).get().size() != text.size()) std::abort();
}

void usable() {
  double all = 0;
  for (int i = 0; i < 20; i++) {
    double begin = bench::seconds_now();
    process_pool pool({.workers = 2});
    round_trips(pool, 2);
    all += bench::seconds_now() - begin;
  }
  bench::report("usable", all / 20 * 1e3, "ms");
}

void replaced() {
  process_pool pool({.workers = 1});
  round_trips(pool, 1);
  double all = 0;
  for (int i = 0; i < 20; i++) {
    auto dead = pool.start(end_here, 0);
    double begin = bench::seconds_now();
    auto after = pool.start(next_number, 1);
    try {
      dead.get();
      std::abort();
    } catch (const worker_died&) {}
    if (after.get() != 2) std::abort();
    all += bench::seconds_now() - begin;
  }
  bench::report("replaced", all / 20 * 1e3, "ms");
}

}  // namespace

int main() {
  {
    process_pool pool({.workers = 2});
    bench::report("round_trip",
                  bench::nanoseconds_each(20'000, [&](long n) { round_trips(pool, n); }) / 1e3,
                  "us");
    bench::report("tiny", 1e6 / bench::nanoseconds_each(200'000, [&](long n) { at_once(pool, n); }),
                  "k/s");
    std::string small(1 << 20, 'x'), large(100 << 20, 'x');
    bench::report("echo_1",
                  bench::nanoseconds_each(200, [&](long n) { echoes(pool, n, small); }) / 1e6,
                  "ms");
    bench::report("echo_100",
                  bench::nanoseconds_each(3, [&](long n) { echoes(pool, n, large); }) / 1e6, "ms");
  }
  usable();
  replaced();
}
