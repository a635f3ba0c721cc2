#include "base/never_destroyed.hpp"

#include <gtest/gtest.h>

namespace kettle {
namespace {

struct counted {
  explicit counted(int& d) noexcept : destroyed(d) {}
  ~counted() { destroyed++; }
  int& destroyed;
};

TEST(never_destroyed, keeps_its_object) {
  int destroyed = 0;
  { never_destroyed<counted> one(destroyed); }
  EXPECT_EQ(destroyed, 0);
}

}  // namespace
}  // namespace kettle
