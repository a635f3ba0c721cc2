#include "sys/raw.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace kettle {
namespace {

TEST(raw, moves_bytes_through_a_pipe) {
  int ends[2];
  ASSERT_EQ(sys::raw_call(SYS_pipe2, ends, O_CLOEXEC), 0);
  EXPECT_EQ(sys::raw_write(ends[1], "kettle", 6), 6);
  char got[8] = {};
  EXPECT_EQ(sys::raw_read(ends[0], got, sizeof got), 6);
  EXPECT_STREQ(got, "kettle");
  EXPECT_EQ(sys::raw_close(ends[0]), 0);
  EXPECT_EQ(sys::raw_close(ends[1]), 0);
}

TEST(raw, returns_the_error_and_leaves_errno_alone) {
  errno = 0;
  EXPECT_EQ(sys::raw_close(-1), -EBADF);
  EXPECT_EQ(errno, 0);
}

TEST(raw, passes_six_arguments) {
  long p = sys::raw_call(SYS_mmap, nullptr, 4096, 3 /* read, write */,
                         0x22 /* private, anonymous */, -1, 0);
  ASSERT_GT(p, 0);
  *reinterpret_cast<char*>(p) = 1;
  EXPECT_EQ(sys::raw_call(SYS_munmap, p, 4096), 0);
}

TEST(raw, knows_the_thread) { EXPECT_EQ(sys::raw_gettid(), ::gettid()); }

}  // namespace
}  // namespace kettle
