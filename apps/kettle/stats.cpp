#include "stats.hpp"

#include <algorithm>
#include <cmath>

namespace kettle::app {
namespace {

constexpr double wanted_coverage = 0.93;
constexpr std::size_t enough_rounds = 5;  // fewer cannot reach the coverage

// The probability that fewer than `rank` of n fair coins fall heads.
double tail(std::size_t n, std::size_t rank) {
  double sum = 0;
  double ways = 1;
  for (std::size_t k = 0; k < rank; k++) {
    sum += ways;
    ways = ways * static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return sum * std::pow(0.5, static_cast<double>(n));
}

// How much a range of too few rounds is widened on each side: 10 % for one, 2.5 % for four.
double doubt(std::size_t rounds) { return 0.1 / static_cast<double>(rounds); }

}  // namespace

double median(std::vector<double> values) {
  std::ranges::sort(values);
  auto half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

interval likely_median(std::vector<double> values) {
  std::ranges::sort(values);
  auto n = values.size();
  if (n < enough_rounds) return {values.front() * (1 - doubt(n)), values.back() * (1 + doubt(n))};
  std::size_t rank = 1;
  while (rank + 1 <= n / 2 && 1 - 2 * tail(n, rank + 1) >= wanted_coverage) rank++;
  return {values[rank - 1], values[n - rank]};
}

summary summarise(const std::vector<double>& values) {
  auto [least, most] = std::ranges::minmax_element(values);
  return {median(values), *least, *most, likely_median(values), values.size()};
}

std::vector<double> ratios(const std::vector<double>& above, const std::vector<double>& below) {
  std::vector<double> out;
  for (std::size_t i = 0; i < std::min(above.size(), below.size()); i++)
    out.push_back(above[i] / below[i]);
  return out;
}

bool overlap(interval a, interval b) { return a.low <= b.high && b.low <= a.high; }

}  // namespace kettle::app
