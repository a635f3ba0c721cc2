#include "method.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

TEST(method, every_name_leads_back_to_its_method) {
  for (method m : all_methods) EXPECT_EQ(method_named(name_of(m)), m);
}

TEST(method, an_unknown_name_is_no_method) {
  EXPECT_FALSE(method_named("telepathy"));
  EXPECT_FALSE(method_named(""));
  EXPECT_FALSE(method_named("Threads"));
}

TEST(method, lists_the_names_in_one_order) {
  EXPECT_EQ(method_names(), "sequential, threads, processes, coroutines, green, fibers");
}

TEST(method, green_is_taken_by_itself_only_where_it_is) {
  auto with = default_methods(true), without = default_methods(false);
  EXPECT_EQ(with.size(), 5u);
  EXPECT_EQ(with.back(), method::green);
  with.pop_back();
  EXPECT_EQ(with, without);
}
