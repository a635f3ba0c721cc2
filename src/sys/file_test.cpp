#include "sys/file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kettle {
namespace {

TEST(file, is_written_and_read_at_offsets) {
  std::string path = testing::TempDir() + "kettle-sys-file";
  sys::unique_fd f = sys::open_file(path.c_str(), O_RDWR | O_CREAT | O_TRUNC);
  ASSERT_TRUE(f);
  EXPECT_EQ(sys::write_at(f.get(), "hello", 5, 3), 5);
  EXPECT_EQ(sys::file_size(f.get()), 8);
  char c = 0;
  EXPECT_EQ(sys::read_at(f.get(), &c, 1, 4), 1);
  EXPECT_EQ(c, 'e');
  EXPECT_EQ(sys::read_at(f.get(), &c, 1, 8), 0);
  ::unlink(path.c_str());
}

TEST(file, that_is_not_there_says_so) {
  EXPECT_EQ(sys::open_file("/no/such", O_RDONLY).error(), ENOENT);
  char c;
  EXPECT_EQ(sys::read_at(-1, &c, 1, 0), -EBADF);
  EXPECT_EQ(sys::file_size(-1), -EBADF);
}

TEST(pipe, carries_bytes_and_can_stop_waiting) {
  sys::pipe_ends p;
  ASSERT_EQ(sys::make_pipe(p), 0);
  EXPECT_EQ(sys::make_non_blocking(p.read.get()), 0);
  char c;
  EXPECT_EQ(sys::read_next(p.read.get(), &c, 1), -EAGAIN);
  EXPECT_EQ(::write(p.write.get(), "x", 1), 1);
  EXPECT_EQ(sys::read_next(p.read.get(), &c, 1), 1);
  p.write.reset();
  EXPECT_EQ(sys::read_next(p.read.get(), &c, 1), 0);
}

}  // namespace
}  // namespace kettle
