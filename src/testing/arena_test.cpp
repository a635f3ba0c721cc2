#include "testing/arena.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kettle::testing::detail {
namespace {

TEST(arena, gives_no_address_twice_until_it_is_cleared) {
  arena a;
  void* first = a.take(40);
  a.give(first, 40);
  EXPECT_NE(a.take(40), first);
  EXPECT_EQ(a.living(), 1u);
  a.clear();
  EXPECT_EQ(a.living(), 0u);
  EXPECT_EQ(a.take(40), first);
}

TEST(arena, knows_its_blocks_and_those_of_others) {
  void* of_one_that_has_gone;
  {
    arena a, b;
    void* block = a.take(16);
    EXPECT_TRUE(a.holds(block));
    EXPECT_FALSE(b.holds(block));
    of_one_that_has_gone = block;
  }
  EXPECT_TRUE(arena::is_of_one(of_one_that_has_gone));
  int elsewhere = 0;
  EXPECT_FALSE(arena::is_of_one(&elsewhere));
}

}  // namespace
}  // namespace kettle::testing::detail
