#include "processes/spinning.hpp"

#include <gtest/gtest.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

TEST(spin_credit, misses_end_it_and_hits_bring_it_back) {
  spin_credit c(2);
  for (int i = 0; i < 4; i++) {
    EXPECT_TRUE(c.worth(1));
    c.learn(false);
  }
  EXPECT_FALSE(c.worth(1));
  c.learn(true);
  EXPECT_TRUE(c.worth(1));
}

TEST(spin_credit, its_window_shrinks_with_it) {
  spin_credit c(2);
  duration full = c.window();
  EXPECT_GT(full, 50us);  // outlasts one sleeper's answer
  c.learn(false);
  EXPECT_LT(c.window(), full);
  c.learn(true);
  c.learn(true);
  c.learn(true);
  EXPECT_EQ(c.window(), full);
}

TEST(spin_credit, without_it_one_in_64_tries_again_with_all_the_window) {
  spin_credit c(2);
  duration full = c.window();
  while (c.worth(1)) c.learn(false);
  int tries = 0;
  for (int i = 0; i < 640; i++) tries += c.worth(1);
  EXPECT_EQ(tries, 10);
  EXPECT_EQ(c.window(), full);
}

TEST(spin_credit, nobody_spins_where_others_need_the_core) {
  EXPECT_FALSE(spin_credit(1).worth(1));
  EXPECT_FALSE(spin_credit(2).worth(2));
  EXPECT_TRUE(spin_credit(4).worth(3));
}

TEST(spin, ends_when_it_is_done_or_its_time_is_over) {
  int looks = 0;
  EXPECT_TRUE(spin(1h, [&] { return ++looks == 3; }));
  EXPECT_EQ(looks, 3);
  EXPECT_FALSE(spin(1us, [] { return false; }));
}

}  // namespace
}  // namespace kettle
