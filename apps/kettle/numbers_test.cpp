#include "numbers.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace kettle::app;

namespace {

std::string complaint(auto parse) {
  try {
    parse();
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.exit_status(), exit_usage);
    return wrong.what();
  }
  return "accepted";
}

}  // namespace

TEST(numbers, reads_whole_numbers_inside_their_range) {
  EXPECT_EQ(whole_number("--items", "1", 1, 10), 1);
  EXPECT_EQ(whole_number("--items", "10", 1, 10), 10);
}

TEST(numbers, refuses_what_is_no_whole_number_and_names_the_option_and_the_text) {
  for (std::string text :
       {"", "abc", "2x", " 2", "1.5", "0x10", "+3", "-1", "0", "11", "99999999999999999999"})
    EXPECT_EQ(complaint([&] { whole_number("--items", text, 1, 10); }),
              "--items: \"" + text + "\" is not a whole number from 1 to 10");
}

TEST(numbers, reads_fractions_of_seconds) {
  EXPECT_DOUBLE_EQ(seconds("--timeout", "0.5", 0.001, 3600), 0.5);
  EXPECT_DOUBLE_EQ(seconds("--timeout", "10", 0.001, 3600), 10);
}

TEST(numbers, refuses_seconds_that_are_none) {
  for (std::string text : {"", "ten", "1s", "nan", "inf", "-1", "0", "3601", "1e3"})
    EXPECT_EQ(complaint([&] { seconds("--timeout", text, 0.001, 3600); }),
              "--timeout: \"" + text + "\" is not a number of seconds from 0.001 to 3600");
}
