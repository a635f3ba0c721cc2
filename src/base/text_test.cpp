#include <kettle/base/text.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace kettle {
namespace {

TEST(text, refers_to_a_literal_and_copies_the_rest) {
  static const char literal[] = "a literal";
  shared_text of_literal(literal);
  EXPECT_EQ(of_literal.c_str(), literal);

  std::string string = "a string that does not fit into itself";
  const char* pointer = string.c_str();
  char buffer[] = "a buffer";
  shared_text of_string(string), of_pointer(pointer), of_buffer(buffer);
  std::string expected = string;
  string.assign(string.size(), 'x');
  buffer[0] = 'x';
  EXPECT_EQ(of_string.c_str(), expected);
  EXPECT_EQ(of_pointer.c_str(), expected);
  EXPECT_STREQ(of_buffer.c_str(), "a buffer");
}

TEST(text, lives_as_long_as_somebody_keeps_it) {
  shared_text kept;
  {
    shared_text first(std::string("some text of more than fifteen letters"));
    shared_text second = first;
    kept = std::move(second);
    EXPECT_STREQ(second.c_str(), "");
    EXPECT_EQ(first.c_str(), kept.c_str());
  }
  EXPECT_STREQ(kept.c_str(), "some text of more than fifteen letters");
}

TEST(text, of_nothing_is_empty) {
  EXPECT_STREQ(shared_text().c_str(), "");
  EXPECT_STREQ(shared_text(std::string()).c_str(), "");
}

}  // namespace
}  // namespace kettle
