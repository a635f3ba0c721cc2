#include <kettle/base/assert.hpp>

#include <gtest/gtest.h>

namespace kettle {

TEST(assert, names_the_rule_and_aborts) {
  EXPECT_DEATH(KETTLE_ASSERT(1 > 2, "one is not more than two"),
               "assert_test.cpp:[0-9]+: one is not more than two \\(1 > 2\\)");
}

TEST(assert, evaluates_its_condition_once) {
  int times = 0;
  KETTLE_ASSERT(++times == 1, "evaluated once");
  EXPECT_EQ(times, 1);
}

}  // namespace kettle
