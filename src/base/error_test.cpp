#include <kettle/base/error.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace kettle {
namespace {

template <class E> std::exception_ptr made(E e) { return std::make_exception_ptr(std::move(e)); }

std::string dropped;
void remember(const std::exception_ptr& error, const char* where) noexcept {
  dropped = std::string(where) + ": " + describe(error);
}

TEST(error, a_group_lists_every_error) {
  error_group two({made(std::runtime_error("a")), made(timeout_error())});
  EXPECT_STREQ(two.what(), "2 errors: a; timed out");
  error_group one({made(std::runtime_error("a"))});
  EXPECT_STREQ(one.what(), "1 error: a");
  EXPECT_EQ(two.errors().size(), 2u);
}

TEST(error, an_io_error_carries_operation_object_and_code) {
  try {
    throw_io_error(ECONNREFUSED, "connect", "127.0.0.1:80");
  } catch (const io_error& e) {
    EXPECT_STREQ(e.what(), "connect 127.0.0.1:80: Connection refused");
    EXPECT_EQ(e.code(), std::errc::connection_refused);
    EXPECT_EQ(e.operation(), "connect");
    EXPECT_EQ(e.object(), "127.0.0.1:80");
  }
}

TEST(error, an_incomplete_read_keeps_what_came) {
  incomplete_read e("abc", 8);
  EXPECT_STREQ(e.what(), "the stream ended after 3 of 8 bytes");
  EXPECT_EQ(e.partial, "abc");
  EXPECT_EQ(e.expected, 8u);
}

TEST(error, describe_takes_anything_that_was_thrown) {
  EXPECT_EQ(describe(nullptr), "no error");
  EXPECT_EQ(describe(made(would_block())), "would block");
  EXPECT_EQ(describe(made(cancelled{})), "cancelled");
  EXPECT_EQ(describe(made(cancelled{"deadline"})), "cancelled: deadline");
  EXPECT_EQ(describe(made(7)), "unknown exception");
}

TEST(error, cancelled_is_no_std_exception) {
  bool let_by = false;
  try {
    try {
      throw cancelled{};
    } catch (const std::exception&) {}
  } catch (const cancelled&) {
    let_by = true;
  }
  EXPECT_TRUE(let_by);
}

TEST(error, a_dropped_error_goes_to_the_hook_with_the_place) {
  auto former = set_dropped_error_hook(remember);
  drop_error(made(std::runtime_error("late")), "here");
  EXPECT_EQ(dropped, "here: late");
  EXPECT_EQ(set_dropped_error_hook(former), remember);
}

TEST(error, without_a_hook_a_dropped_error_is_a_line_on_stderr) {
  testing::internal::CaptureStderr();
  drop_error(made(std::runtime_error("late")), "here");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "kettle: error dropped in here: late\n");
}

}  // namespace
}  // namespace kettle
