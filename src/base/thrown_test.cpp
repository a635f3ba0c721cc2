#include <kettle/base/error.hpp>
#include <kettle/base/thrown.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace kettle {
namespace {

template <class T> std::exception_ptr thrown(T object) {
  return std::make_exception_ptr(std::move(object));
}

struct late : cancelled {
  int by = 3;
};
struct left : std::runtime_error {
  left() : std::runtime_error("left") {}
};
struct right : std::logic_error {
  right() : std::logic_error("right") {}
};
struct twice_an_exception : left, right {};
struct virtually : virtual std::exception {
  const char* what() const noexcept override { return "virtually"; }
};
struct first_base {
  int unused = 0;
};
struct second_is_error : first_base, std::logic_error {
  second_is_error() : std::logic_error("second") {}
};
struct hidden : private std::runtime_error {
  hidden() : std::runtime_error("hidden") {}
};
struct by_virtual_base : virtually {};

TEST(thrown, finds_the_type_itself_and_its_bases) {
  auto error = thrown(end_of_channel());
  EXPECT_NE(thrown_as<end_of_channel>(error), nullptr);
  ASSERT_NE(thrown_as<std::runtime_error>(error), nullptr);
  EXPECT_STREQ(thrown_as<std::exception>(error)->what(), "end of channel");
  EXPECT_EQ(thrown_as<usage_error>(error), nullptr);
  EXPECT_EQ(thrown_as<cancelled>(error), nullptr);
}

TEST(thrown, finds_a_class_derived_of_cancelled) {
  auto error = thrown(late());
  ASSERT_NE(thrown_as<cancelled>(error), nullptr);
  EXPECT_EQ(thrown_as<late>(error)->by, 3);
}

TEST(thrown, gives_the_base_that_lies_behind_another_one) {
  auto error = thrown(second_is_error());
  ASSERT_NE(thrown_as<std::exception>(error), nullptr);
  EXPECT_STREQ(thrown_as<std::exception>(error)->what(), "second");
  EXPECT_EQ(thrown_as<first_base>(error)->unused, 0);
}

TEST(thrown, finds_virtual_bases) {
  auto error = thrown(by_virtual_base());
  ASSERT_NE(thrown_as<std::exception>(error), nullptr);
  EXPECT_STREQ(thrown_as<std::exception>(error)->what(), "virtually");
}

TEST(thrown, takes_no_base_that_a_handler_would_not_take) {
  EXPECT_EQ(thrown_as<std::exception>(thrown(twice_an_exception())), nullptr);  // ambiguous
  EXPECT_EQ(thrown_as<std::exception>(thrown(hidden())), nullptr);
}

TEST(thrown, knows_what_is_no_class) {
  auto error = thrown(17);
  ASSERT_NE(thrown_as<int>(error), nullptr);
  EXPECT_EQ(*thrown_as<int>(error), 17);
  EXPECT_EQ(thrown_as<long>(error), nullptr);
  EXPECT_EQ(thrown_as<std::exception>(thrown("text")), nullptr);
  EXPECT_EQ(thrown_as<std::exception>(nullptr), nullptr);
}

TEST(thrown, gives_the_object_itself) {
  std::exception_ptr error;
  const void* address = nullptr;
  try {
    throw std::runtime_error("here");
  } catch (std::runtime_error& e) {
    address = &e;
    error = std::current_exception();
  }
  EXPECT_EQ(thrown_as<std::runtime_error>(error), address);
  EXPECT_EQ(detail::thrown_identity(error), address);
  EXPECT_EQ(detail::thrown_identity(nullptr), nullptr);
}

}  // namespace
}  // namespace kettle
