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

TEST(file, that_is_none_on_a_disk_is_opened_without_waiting) {
  std::string path = ::testing::TempDir() + "kettle-sys-fifo";
  ::unlink(path.c_str());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(sys::is_fifo(path.c_str()));
  EXPECT_EQ(sys::open_file_now(path.c_str(), O_WRONLY).error(), ENXIO);  // nobody reads it
  sys::unique_fd fifo = sys::open_file_now(path.c_str(), O_RDONLY);
  ASSERT_TRUE(fifo);
  EXPECT_FALSE(sys::is_on_disk(fifo.get()));
  EXPECT_FALSE(sys::has_offsets(fifo.get()));
  EXPECT_TRUE(sys::open_file_now(path.c_str(), O_WRONLY));
  ::unlink(path.c_str());
  sys::unique_fd zero = sys::open_file_now("/dev/zero", O_RDONLY);
  EXPECT_FALSE(sys::is_on_disk(zero.get()));
  EXPECT_TRUE(sys::has_offsets(zero.get()));
  EXPECT_TRUE(sys::is_on_disk(sys::open_file_now("/etc/passwd", O_RDONLY).get()));
  EXPECT_TRUE(sys::is_on_disk(sys::open_file_now("/", O_RDONLY).get()));
  EXPECT_FALSE(sys::is_fifo("/etc/passwd"));
  EXPECT_FALSE(sys::is_fifo("/no/such"));
}

TEST(file, has_an_identity_apart_from_its_number) {
  sys::pipe_ends one, two;
  ASSERT_EQ(sys::make_pipe(one), 0);
  ASSERT_EQ(sys::make_pipe(two), 0);
  EXPECT_EQ(sys::identity_of(one.read.get()), sys::identity_of(one.write.get()));
  EXPECT_FALSE(sys::identity_of(one.read.get()) == sys::identity_of(two.read.get()));
  EXPECT_EQ(sys::identity_of(-1), sys::file_identity());
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
