#include "processes/error_codec.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <variant>

namespace kettle {

struct strange : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace {

std::exception_ptr there_and_back(const std::exception_ptr& e) {
  encoder out;
  encode_error(out, e);
  decoder in(out.bytes());
  std::exception_ptr again = decode_error_of(in);
  in.expect_end();
  return again;
}

template <class E> void expect_kept(E error) {
  std::string text = error.what();
  try {
    std::rethrow_exception(there_and_back(std::make_exception_ptr(std::move(error))));
  } catch (const E& again) {
    EXPECT_EQ(typeid(again), typeid(E));
    EXPECT_EQ(again.what(), text);
    if constexpr (std::is_base_of_v<std::system_error, E>) {
      EXPECT_EQ(again.code(), std::error_code(ENOENT, again.code().category()));
    }
    return;
  } catch (...) {}
  FAIL() << typeid(E).name();
}

TEST(error_codec, known_types_stay_what_they_are) {
  expect_kept(std::runtime_error("a"));
  expect_kept(std::invalid_argument("b"));
  expect_kept(std::bad_alloc());
  expect_kept(std::bad_optional_access());
  expect_kept(std::bad_variant_access());
  expect_kept(std::system_error(ENOENT, std::generic_category(), "open"));
  expect_kept(std::system_error(ENOENT, std::system_category()));
  expect_kept(io_error({ENOENT, std::system_category()}, "open", "/x"));
  expect_kept(timeout_error());
  expect_kept(usage_error("c"));
  expect_kept(incomplete_read("ab", 5));
}

TEST(error_codec, others_become_remote_errors_once) {
  auto once = there_and_back(std::make_exception_ptr(strange("odd")));
  EXPECT_EQ(describe(once), "kettle::strange: odd");
  EXPECT_EQ(describe(there_and_back(once)), "kettle::strange: odd");
  EXPECT_EQ(describe(there_and_back(std::make_exception_ptr(7))), "int: not a std::exception");
}

TEST(error_codec, a_group_keeps_its_errors_and_cancelled_its_meaning) {
  error_group group(
      {std::make_exception_ptr(std::out_of_range("a")), std::make_exception_ptr(strange("b"))});
  EXPECT_EQ(describe(there_and_back(std::make_exception_ptr(group))),
            "2 errors: a; kettle::strange: b");
  EXPECT_THROW(std::rethrow_exception(there_and_back(std::make_exception_ptr(cancelled{"x"}))),
               cancelled);
}

TEST(error_codec, any_bytes_decode_or_are_refused) {
  for (int first = 0; first < 256; first++)
    for (int second = 0; second < 256; second += 5) {
      unsigned char bytes[] = {
          std::uint8_t(first), std::uint8_t(second), 3, 0, 0, 0, 0, 0, 0, 0, 1};
      decoder in(bytes, sizeof bytes);
      try {
        EXPECT_TRUE(decode_error_of(in));
      } catch (const decode_error&) {}
    }
}

}  // namespace
}  // namespace kettle
