#include "sys/memfd.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include <sys/stat.h>

namespace kettle {
namespace {

TEST(memfd, two_views_show_the_same_bytes) {
  sys::memfd block("kettle-test", 4096);
  ASSERT_TRUE(block);
  sys::mapping a(block.get(), 4096), b(block.get(), 4096, PROT_READ);
  ASSERT_TRUE(a);
  ASSERT_TRUE(b);
  std::strcpy(static_cast<char*>(a.data()), "tea");
  EXPECT_STREQ(static_cast<char*>(b.data()), "tea");
  sys::mapping c(std::move(b));
  EXPECT_FALSE(b);  // NOLINT: what a moved-from view is, is the point
  EXPECT_STREQ(static_cast<char*>(c.data()), "tea");
}

TEST(memfd, a_sealed_size_stays) {
  sys::memfd block("kettle-test", 4096);
  EXPECT_EQ(block.seal_size(), 0);
  EXPECT_EQ(::ftruncate(block.get(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  struct stat s;
  ASSERT_EQ(::fstat(block.get(), &s), 0);
  EXPECT_EQ(s.st_size, 4096);
}

TEST(memfd, a_view_of_nothing_says_why) {
  sys::mapping view(-1, 4096);
  EXPECT_FALSE(view);
  EXPECT_EQ(view.error(), EBADF);
}

}  // namespace
}  // namespace kettle
