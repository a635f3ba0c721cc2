#include "testing/path.hpp"

#include <kettle/base/error.hpp>

#include <gtest/gtest.h>

namespace kettle::testing::detail {
namespace {

TEST(path, is_read_as_it_was_written) {
  for (const path& p : {path{}, path{{0, 1}}, path{{12, 3}, {40, 0}, {41, 61}}})
    EXPECT_EQ(parse_path(text_of(p)), p);
  EXPECT_EQ(text_of({{12, 3}, {40, 0}}), "12.3-40.0");
  EXPECT_EQ(text_of({}), "-");
}

TEST(path, what_is_none_is_refused) {
  for (const char* wrong : {"", "x", "1", "1.", ".1", "1.2-", "1.2 ", "1.2-x", "-5.3", " 1.1",
                            "0.-3", "5.1-1.1", "99999999999.1"})
    EXPECT_THROW(parse_path(wrong), usage_error) << wrong;
}

}  // namespace
}  // namespace kettle::testing::detail
