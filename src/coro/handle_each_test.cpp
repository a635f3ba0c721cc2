#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using lines = std::vector<std::string>;

template <class E> std::exception_ptr made(E e) { return std::make_exception_ptr(std::move(e)); }
std::runtime_error fault(const char* text) { return std::runtime_error(text); }

// Throws it, handles it, and says what was left.
template <class... H> std::string left_after(const std::exception_ptr& error, H... handlers) {
  try {
    try {
      std::rethrow_exception(error);
    } catch (...) {
      handle_each(handlers...);
    }
  } catch (...) {
    return describe(std::current_exception());
  }
  return "nothing";
}

TEST(handle_each, treats_one_error_and_a_group_alike) {
  lines seen;
  auto timeouts = [&](const timeout_error& e) { seen.push_back(e.what()); };
  EXPECT_EQ(left_after(made(timeout_error("a")), timeouts), "nothing");
  EXPECT_EQ(
      left_after(made(error_group({made(timeout_error("b")), made(timeout_error("c"))})), timeouts),
      "nothing");
  EXPECT_EQ(seen, (lines{"a", "b", "c"}));
}

TEST(handle_each, gives_each_error_to_the_first_handler_that_takes_it) {
  lines seen;
  auto exact = [&](const timeout_error&) { seen.push_back("timeout"); };
  auto any = [&](const std::exception&) { seen.push_back("any"); };
  left_after(made(error_group({made(fault("x")), made(timeout_error())})), exact, any);
  EXPECT_EQ(seen, (lines{"any", "timeout"}));
}

TEST(handle_each, lets_go_on_what_is_left) {
  auto timeouts = [](const timeout_error&) {};
  EXPECT_EQ(left_after(made(fault("x")), timeouts), "x");
  EXPECT_EQ(left_after(made(error_group({made(fault("x")), made(timeout_error())})), timeouts),
            "1 error: x");
  EXPECT_EQ(left_after(made(cancelled{"why"}), [](const std::exception&) {}), "cancelled: why");
}

TEST(handle_each, looks_into_groups_within_groups) {
  lines seen;
  auto timeouts = [&](const timeout_error& e) { seen.push_back(e.what()); };
  auto inner = made(error_group({made(timeout_error("deep")), made(fault("y"))}));
  EXPECT_EQ(left_after(made(error_group({inner, made(timeout_error("flat"))})), timeouts),
            "1 error: y");
  EXPECT_EQ(seen, (lines{"deep", "flat"}));
}

TEST(handle_each, loses_no_error_when_a_handler_throws) {
  auto throws = [](const timeout_error&) { throw fault("handler"); };
  EXPECT_EQ(left_after(made(timeout_error()), throws), "handler");
  EXPECT_EQ(left_after(made(error_group({made(timeout_error()), made(fault("z"))})), throws),
            "2 errors: handler; z");
}

TEST(handle_each, outside_a_catch_is_a_usage_error) {
  EXPECT_THROW(handle_each([](const std::exception&) {}), usage_error);
}

}  // namespace
}  // namespace kettle
