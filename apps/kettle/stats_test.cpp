#include "stats.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

TEST(stats, the_median_is_the_middle_or_between_the_two) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(median({7}), 7);
}

TEST(stats, five_rounds_reach_from_smallest_to_largest) {
  auto five = likely_median({5, 1, 4, 2, 3});
  EXPECT_DOUBLE_EQ(five.low, 1);
  EXPECT_DOUBLE_EQ(five.high, 5);
}

TEST(stats, more_rounds_narrow_the_interval) {
  // Nine values: ranks 2..8 cover 96.1 %, 3..7 only 82 %.
  auto nine = likely_median({1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_DOUBLE_EQ(nine.low, 2);
  EXPECT_DOUBLE_EQ(nine.high, 8);
}

TEST(stats, too_few_rounds_are_given_some_doubt) {
  auto one = likely_median({10});
  EXPECT_DOUBLE_EQ(one.low, 9);
  EXPECT_DOUBLE_EQ(one.high, 11);
  auto two = likely_median({10, 20});
  EXPECT_DOUBLE_EQ(two.low, 9.5);
  EXPECT_DOUBLE_EQ(two.high, 21);
}

TEST(stats, a_summary_has_middle_spread_and_count) {
  auto s = summarise({1.01, 0.98, 1.05, 1.00, 1.02});
  EXPECT_DOUBLE_EQ(s.median, 1.01);
  EXPECT_DOUBLE_EQ(s.least, 0.98);
  EXPECT_DOUBLE_EQ(s.most, 1.05);
  EXPECT_EQ(s.rounds, 5u);
}

TEST(stats, ratios_are_taken_round_by_round) {
  EXPECT_EQ(ratios({10, 20}, {1, 2}), (std::vector<double>{10, 10}));
  EXPECT_EQ(ratios({10, 20}, {5}), (std::vector<double>{2}));
}

TEST(stats, intervals_overlap_when_they_share_a_point) {
  EXPECT_TRUE(overlap({1, 2}, {2, 3}));
  EXPECT_TRUE(overlap({1, 4}, {2, 3}));
  EXPECT_FALSE(overlap({1, 2}, {2.1, 3}));
  EXPECT_FALSE(overlap({2.1, 3}, {1, 2}));
}
