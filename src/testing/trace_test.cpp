#include "testing/trace.hpp"

#include "testing/strategy.hpp"

#include <gtest/gtest.h>

namespace kettle::testing::detail {
namespace {

using kettle::detail::seam::step;
using kettle::detail::seam::where;

TEST(trace, has_a_line_a_step_with_thread_place_and_what) {
  trace t;
  t.name(0, "main");
  t.add({0, step::load, nullptr, 0, 7, where("a/b/c.cpp", 12)});
  t.add({1, step::fetch, nullptr, 7, 8, where("x.cpp", 3)});
  std::string text = t.text();
  EXPECT_NE(text.find("main"), std::string::npos) << text;
  EXPECT_NE(text.find("b/c.cpp:12"), std::string::npos) << text;
  EXPECT_EQ(text.find("a/b"), std::string::npos) << text;
  EXPECT_NE(text.find("reads 7"), std::string::npos) << text;
  EXPECT_NE(text.find("thread 1"), std::string::npos) << text;
  EXPECT_NE(text.find("changes 7 to 8"), std::string::npos) << text;
}

TEST(trace, shows_the_ends_of_a_long_run_of_one_thread) {
  trace t;
  for (std::uint64_t i = 0; i < 100; i++) t.add({0, step::load, nullptr, 0, i, where("f.cpp", 1)});
  std::string text = t.text();
  EXPECT_NE(text.find("reads 0\n"), std::string::npos);
  EXPECT_NE(text.find("84 more steps"), std::string::npos) << text;
  EXPECT_NE(text.find("reads 99\n"), std::string::npos);
  EXPECT_EQ(text.find("reads 50\n"), std::string::npos);
}

TEST(trace, tells_stores_that_come_late_and_the_clock) {
  trace t;
  t.name(1, "writer");
  t.add({buffer_of(1), step::store, nullptr, 0, 5, where("f.cpp", 9)});
  t.add({the_clock, step::futex_wake, nullptr, 0, 1000, where("", 0)});
  std::string text = t.text();
  EXPECT_NE(text.find("writer"), std::string::npos) << text;
  EXPECT_NE(text.find("its delayed store of 5 becomes visible"), std::string::npos) << text;
  EXPECT_NE(text.find("the clock"), std::string::npos) << text;
}

}  // namespace
}  // namespace kettle::testing::detail
