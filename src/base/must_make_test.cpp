#include "base/must_make.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>

namespace kettle {
namespace {

struct point {
  int x, y;
};

struct homeless {
  static void* operator new(std::size_t) { throw std::bad_alloc(); }
};

TEST(must_make, makes_it_of_what_it_is_given) {
  std::unique_ptr<point> p(must_make<point>(1, 2));
  EXPECT_EQ(p->x, 1);
  EXPECT_EQ(p->y, 2);
}

TEST(must_make, without_memory_the_program_ends_and_says_why) {
  EXPECT_DEATH(must_make<homeless>(), "there is memory where nothing may be thrown");
}

}  // namespace
}  // namespace kettle
