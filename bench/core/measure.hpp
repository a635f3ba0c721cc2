// Shared by the measurement programs: a clock, this process's memory, and the line they print.
//
//   auto begin = seconds_now();
//   work();
//   report("", (seconds_now() - begin) / n * 1e9, "ns");
//
// Single-threaded; nothing here is kept between calls.
#pragma once

#include <unistd.h>
#include <cstdio>
#include <ctime>

namespace bench {

inline double seconds_now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Bytes of this process in memory now.
inline double resident_bytes() {
  long total = 0, resident = 0;
  FILE* f = std::fopen("/proc/self/statm", "r");
  if (!f || std::fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
  if (f) std::fclose(f);
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// One figure, as bench/run.py reads it; a program with a single figure leaves its name empty.
inline void report(const char* name, double value, const char* unit) {
  std::printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", name, value, unit);
  std::fflush(stdout);
}

// Times `once(n)` after a warm-up of a tenth: nanoseconds for each of n.
template <class F> double nanoseconds_each(long n, F once) {
  once(n / 10 + 1);
  const double begin = seconds_now();
  once(n);
  return (seconds_now() - begin) / static_cast<double>(n) * 1e9;
}

}  // namespace bench
