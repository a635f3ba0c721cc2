#include "base/c_string.hpp"

#include <kettle/base/error.hpp>

#include <gtest/gtest.h>

namespace kettle {
namespace {

TEST(c_string, is_the_string_itself) {
  std::string text = "/etc/hostname", empty;
  EXPECT_EQ(c_string(text, "the path"), text.c_str());
  EXPECT_STREQ(c_string(empty, "the path"), "");
}

TEST(c_string, refuses_what_would_be_cut_and_says_where) {
  for (std::string bad : {std::string("a\0b", 3), std::string("a\0", 2)}) {
    try {
      c_string(bad, "open_file: the path");
      ADD_FAILURE() << bad.size();
    } catch (const usage_error& e) {
      EXPECT_STREQ(e.what(),
                   "open_file: the path has a NUL byte inside, where the system would cut it: "
                   "\"a\\0...\"");
    }
  }
  EXPECT_THROW(c_string(std::string(1, '\0'), "a name"), usage_error);
}

}  // namespace
}  // namespace kettle
