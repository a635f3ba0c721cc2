// What compare refuses before it starts; what it does is tested from outside, by cli_test.py.

#include "compare.hpp"

#include <gtest/gtest.h>

#include "bad_input.hpp"

using namespace kettle::app;

namespace {

std::string complaint(const compare_options& options) {
  try {
    compare(options);
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.exit_status(), exit_usage);
    return wrong.what();
  }
  return "accepted";
}

}  // namespace

TEST(compare, a_list_that_cannot_be_read_is_named) {
  compare_options o;
  o.url_file = "/none/urls";
  EXPECT_EQ(complaint(o), "--url-file /none/urls: No such file or directory");
  o = {};
  o.files = "/none/*";
  EXPECT_EQ(complaint(o), "--files /none/*: no such file, and no file matches it");
  o = {};
  o.exec = "cat {}";
  o.input = "/none/lines";
  EXPECT_EQ(complaint(o), "--input /none/lines: No such file or directory");
}

TEST(compare, a_place_where_no_result_can_be_written_is_named_at_once) {
  compare_options o;
  o.json = "/none/result.json";
  EXPECT_EQ(complaint(o), "--json /none/result.json: No such file or directory");
}
