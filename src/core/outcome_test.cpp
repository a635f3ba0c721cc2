#include <kettle/core/outcome.hpp>

#include <gtest/gtest.h>

#include <memory>

namespace kettle {
namespace {

TEST(outcome, holds_a_value_or_an_error) {
  outcome<int> good(std::in_place, 5);
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 5);
  EXPECT_EQ(good.what(), "");
  outcome<int> bad(std::make_exception_ptr(std::runtime_error("no")));
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.what(), "no");
  EXPECT_THROW(*bad, std::runtime_error);
}

TEST(outcome, tells_its_error_by_type) {
  outcome<void> bad(std::make_exception_ptr(timeout_error()));
  ASSERT_NE(bad.error_as<timeout_error>(), nullptr);
  EXPECT_STREQ(bad.error_as<timeout_error>()->what(), "timed out");
  EXPECT_EQ(bad.error_as<would_block>(), nullptr);
  EXPECT_EQ(outcome<void>(std::in_place).error_as<timeout_error>(), nullptr);
}

TEST(outcome, of_a_move_only_type_is_moved_out) {
  outcome<std::unique_ptr<int>> o(std::in_place, std::make_unique<int>(3));
  std::unique_ptr<int> taken = *std::move(o);
  EXPECT_EQ(*taken, 3);
}

TEST(outcome, that_is_empty_says_so) {
  outcome<int> none;
  EXPECT_THROW(*none, usage_error);
}

}  // namespace
}  // namespace kettle
