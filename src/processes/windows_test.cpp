#include "processes/windows.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace kettle {
namespace {

constexpr std::size_t mib = std::size_t(1) << 20;

struct windows_in_a_file : testing::Test {
  windows_in_a_file() { all.use(file.get(), PROT_READ | PROT_WRITE); }
  std::size_t bytes_in_memory() const {
    struct stat s{};
    ::fstat(file.get(), &s);
    return std::size_t(s.st_blocks) * 512;
  }
  sys::memfd file{"kettle-test", std::size_t(slot_count) * std::size_t(window_bytes)};
  windows all;
};

TEST_F(windows_in_a_file, each_slot_has_its_own_and_it_grows) {
  all.room(1, 10)[0] = 'a';
  all.room(2, 10)[0] = 'b';
  EXPECT_EQ(all.room(1, 8 * mib)[0], 'a');
  EXPECT_EQ(all.room(2, 8 * mib)[0], 'b');
  EXPECT_EQ(all.room(1, 10), all.room(1, 8 * mib));  // a view never becomes shorter
}

TEST_F(windows_in_a_file, more_than_a_window_is_refused) {
  EXPECT_EQ(all.room(0, std::size_t(window_bytes) + 1), nullptr);
}

TEST_F(windows_in_a_file, another_view_sees_the_same) {
  all.room(3, 2 * mib)[mib] = 'x';
  windows other;
  other.use(file.get(), PROT_READ);
  EXPECT_EQ(other.room(3, 2 * mib)[mib], 'x');
}

TEST_F(windows_in_a_file, memory_is_kept_up_to_a_limit_and_given_back) {
  for (std::uint32_t slot = 0; slot < 4; slot++) {
    std::fill_n(all.room(slot, mib), mib, 'x');
    all.keep(slot, mib);
  }
  EXPECT_EQ(bytes_in_memory(), 4 * mib);
  all.keep(0, 300 * mib);  // too much: this one goes at once
  EXPECT_EQ(bytes_in_memory(), 3 * mib);
  EXPECT_TRUE(all.keeps_much());
  all.give_back();
  EXPECT_FALSE(all.keeps_much());
  EXPECT_EQ(bytes_in_memory(), 0u);
  EXPECT_EQ(all.room(1, mib)[0], 0);
}

TEST_F(windows_in_a_file, one_that_nobody_accounted_for_is_emptied) {
  std::fill_n(all.room(5, mib), mib, 'x');
  all.empty(5);
  EXPECT_EQ(bytes_in_memory(), 0u);
}

}  // namespace
}  // namespace kettle
