#include "work.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdio>
#include <fstream>

using namespace kettle::app;

TEST(work, hashes_as_the_standard_says) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(work, counts_words_as_wc_does) {
  EXPECT_EQ(count_words(""), 0u);
  EXPECT_EQ(count_words(" \n"), 0u);
  EXPECT_EQ(count_words("one"), 1u);
  EXPECT_EQ(count_words(" one\ttwo\r\nthree \v four"), 4u);
}

TEST(work, fibonacci_is_the_primers) {
  EXPECT_EQ(fibonacci(0), 0u);
  EXPECT_EQ(fibonacci(1), 1u);
  EXPECT_EQ(fibonacci(20), 6765u);
  EXPECT_EQ(compute(fibonacci_item(20)), "6765");
}

TEST(work, a_file_is_hashed_and_counted_as_often_as_it_says) {
  std::string path = testing::TempDir() + "kettle work file";
  std::ofstream(path) << "a b c\n";
  EXPECT_EQ(compute(file_item(2, path)), sha256("a b c\n") + " 6");
  EXPECT_EQ(name_of_item(file_item(2, path)), path);
  EXPECT_EQ(name_of_item("fib 20"), "fib 20");
  ::unlink(path.c_str());
}

TEST(work, an_unreadable_file_says_why) {
  try {
    compute(file_item(1, "/none/at/all"));
    FAIL();
  } catch (const std::runtime_error& wrong) {
    EXPECT_STREQ(wrong.what(), "No such file or directory");
  }
  EXPECT_THROW(compute(file_item(1, "/")), std::runtime_error);
}
