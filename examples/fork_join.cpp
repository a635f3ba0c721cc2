#include <kettle/kettle.hpp>
#include <cstdio>
#include <numeric>
#include <span>
#include <vector>
using namespace kettle;

// Forks until a part is small, and joins: a few threads, ever so many tasks that wait for others.
long sum(std::span<const int> v) {
  if (v.size() <= 1000) return std::accumulate(v.begin(), v.end(), 0L);
  auto half = v.size() / 2;
  auto [left, right] = all(on_cores(sum, v.first(half)), on_cores(sum, v.subspan(half))).get();
  return left + right;
}

int main() {
  std::vector<int> v(1'000'000);
  std::iota(v.begin(), v.end(), 1);
  std::printf("%ld\n", sum(v));  // 500000500000
}
