#include "sys/eventfd.hpp"

#include <gtest/gtest.h>

#include <poll.h>

namespace kettle {
namespace {

TEST(event_fd, counts_rings_and_take_empties_it) {
  sys::event_fd bell;
  ASSERT_TRUE(bell);
  EXPECT_EQ(bell.take(), 0u);
  bell.ring();
  bell.ring();
  pollfd p{bell.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 0), 1);
  EXPECT_EQ(bell.take(), 2u);
  EXPECT_EQ(::poll(&p, 1, 0), 0);
}

TEST(event_fd, ring_leaves_errno_alone) {
  sys::event_fd bell;
  errno = EPERM;
  bell.ring();
  EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace kettle
