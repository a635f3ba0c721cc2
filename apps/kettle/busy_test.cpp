#include "busy.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

TEST(busy, reads_the_kernels_account_of_a_thread) {
  auto t = parse_schedstat("2000 500 7\n");
  EXPECT_EQ(t.ran_ns, 2000u);
  EXPECT_EQ(t.waited_ns, 500u);
}

TEST(busy, an_account_it_cannot_read_is_empty) {
  for (const char* text : {"", "x", "12", "12 x"}) {
    EXPECT_EQ(parse_schedstat(text).ran_ns, 0u) << text;
    EXPECT_EQ(parse_schedstat(text).waited_ns, 0u) << text;
  }
}

TEST(busy, the_share_is_waiting_to_running_and_waiting) {
  EXPECT_DOUBLE_EQ(waiting_share({1000, 100}, {1900, 200}), 0.1);
  EXPECT_DOUBLE_EQ(waiting_share({0, 0}, {0, 0}), 0);
  EXPECT_DOUBLE_EQ(waiting_share({5, 5}, {5, 10}), 1);
}

TEST(busy, a_probe_gives_a_share_however_many_cores_it_is_told) {
  for (int cores : {0, 1, 2, 1000}) {
    double share = busy_share(cores);
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
}
