#pragma once
// What a handful of rounds says: the middle, the spread, and how far the middle may be off.
//
//   summary wall = summarise({1.01, 0.98, 1.05, 1.00, 1.02});
//   wall.median == 1.01;  wall.likely == {0.98, 1.05};
//   if (overlap(a.likely, b.likely)) "no difference";
//
// The interval comes from order statistics (no assumption about the distribution): the tightest
// pair of ranks whose coverage is at least 93 %, which for the default five rounds is smallest to
// largest.

#include <cstddef>
#include <vector>

namespace kettle::app {

struct interval {
  double low = 0;
  double high = 0;
};

struct summary {
  double median = 0;
  double least = 0;
  double most = 0;
  interval likely;  // of the median
  std::size_t rounds = 0;
};

// All of them take at least one value.
double median(std::vector<double> values);
interval likely_median(std::vector<double> values);
summary summarise(const std::vector<double>& values);

// Round by round, so that what slowed a whole round down cancels out.
std::vector<double> ratios(const std::vector<double>& above, const std::vector<double>& below);

bool overlap(interval a, interval b);

}  // namespace kettle::app
