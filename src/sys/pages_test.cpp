#include "sys/pages.hpp"

#include <gtest/gtest.h>

namespace sys = kettle::sys;

TEST(pages, reserves_far_more_than_the_machine_has) {
  std::size_t bytes = std::size_t(64) << 30;
  std::byte* at = sys::reserve_pages(bytes);
  ASSERT_NE(at, nullptr);
  at[0] = at[bytes - 1] = std::byte{1};
  sys::release_pages(at, bytes);
}

TEST(pages, a_refusal_is_a_null_pointer) {
  EXPECT_EQ(sys::reserve_pages(std::size_t(1) << 60), nullptr);
}

TEST(pages, discarded_pages_read_as_zero) {
  std::size_t page = sys::page_bytes();
  std::byte* at = sys::reserve_pages(4 * page);
  ASSERT_NE(at, nullptr);
  at[page] = std::byte{7};
  sys::discard_pages(at + page, page);
  EXPECT_EQ(at[page], std::byte{0});
  sys::release_pages(at, 4 * page);
}

TEST(pages_death, a_guard_traps) {
  std::size_t page = sys::page_bytes();
  std::byte* at = sys::reserve_pages(4 * page);
  ASSERT_NE(at, nullptr);
  ASSERT_NE(sys::guard_pages(at, page, true), sys::guard_kind::none);
  at[page] = std::byte{1};  // the page beside it is not touched by the guard
  volatile std::byte* guard = at;
  EXPECT_DEATH(guard[page - 1] = std::byte{1}, "");
  sys::release_pages(at, 4 * page);
}
