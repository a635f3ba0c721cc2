#include <kettle/base/error.hpp>
#include <kettle/base/error_list.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace kettle {
namespace {

TEST(error_list, keeps_each_error_once_in_the_order_they_came) {
  std::exception_ptr errors[20];
  for (int i = 0; i < 20; i++)
    errors[i] = std::make_exception_ptr(std::runtime_error(std::to_string(i)));
  detail::error_list list;
  EXPECT_TRUE(list.empty());
  for (int i : {3, 7, 3, 0, 7, 19, 3}) list.add(errors[i]);
  EXPECT_FALSE(list.empty());
  auto all = list.take();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(describe(all[0]), "3");
  EXPECT_EQ(describe(all[1]), "7");
  EXPECT_EQ(describe(all[2]), "0");
  EXPECT_EQ(describe(all[3]), "19");
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.take().empty());
}

TEST(error_list, tells_equal_errors_apart) {
  detail::error_list list;
  for (int i = 0; i < 3; i++) list.add(std::make_exception_ptr(std::runtime_error("same")));
  EXPECT_EQ(list.take().size(), 3u);
}

}  // namespace
}  // namespace kettle
