#include <kettle/base/key_set.hpp>

#include <gtest/gtest.h>

#include <set>

namespace kettle {
namespace {

TEST(key_set, agrees_with_std_set) {
  detail::key_set mine;
  std::set<detail::key_set::key> theirs;
  unsigned random = 1;
  mine.erase(5);
  for (int i = 0; i < 20'000; i++) {
    random = random * 1664525 + 1013904223;
    detail::key_set::key k = (random >> 10) % 512 * 16 + 16;
    ASSERT_EQ(mine.contains(k), theirs.count(k) == 1);
    if (theirs.erase(k)) {
      mine.erase(k);
    } else {
      mine.reserve(mine.size() + 1);
      EXPECT_TRUE(mine.insert(k));
      EXPECT_FALSE(mine.insert(k));
      theirs.insert(k);
    }
    ASSERT_EQ(mine.size(), theirs.size());
  }
}

}  // namespace
}  // namespace kettle
