#include "sys/stream.hpp"

#include <gtest/gtest.h>

#include <string>

#include <sys/mman.h>
#include <cstdlib>

namespace kettle {
namespace {

struct pipe_ends {
  pipe_ends() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);  // blocking, as a shell makes them
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  sys::unique_fd out, in;
};

TEST(stream, an_empty_pipe_and_a_full_one_do_not_make_us_wait) {
  pipe_ends p;
  char buffer[8];
  EXPECT_EQ(sys::read_now(p.out.get(), buffer, sizeof buffer, -1), -EAGAIN);
  EXPECT_EQ(sys::write_now(p.in.get(), "tea", 3, -1), 3);
  EXPECT_EQ(sys::read_now(p.out.get(), buffer, sizeof buffer, -1), 3);
  std::string much(1 << 20, 'x');
  int n, total = 0;
  while ((n = sys::write_now(p.in.get(), much.data(), much.size(), -1)) > 0) total += n;
  EXPECT_EQ(n, -EAGAIN);
  EXPECT_GT(total, 0);
  EXPECT_FALSE(sys::is_non_blocking(p.in.get()));  // nobody who shares it was surprised
}

TEST(stream, the_end_and_a_broken_pipe_are_told) {
  pipe_ends p;
  char buffer[8];
  p.in.reset();
  EXPECT_EQ(sys::read_now(p.out.get(), buffer, sizeof buffer, -1), 0);
  pipe_ends q;
  q.out.reset();
  EXPECT_EQ(sys::write_now(q.in.get(), "x", 1, -1), -EPIPE);
}

TEST(stream, a_terminal_is_read_only_when_it_has_something) {
  sys::unique_fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) GTEST_SKIP() << "no pseudo-terminals here";
  ASSERT_EQ(::grantpt(master.get()), 0);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  sys::unique_fd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  char buffer[8];
  EXPECT_EQ(sys::read_now(terminal.get(), buffer, sizeof buffer, -1), -EAGAIN);
  EXPECT_EQ(sys::write_now(master.get(), "hi\n", 3, -1), 3);
  EXPECT_EQ(sys::read_now(terminal.get(), buffer, sizeof buffer, -1), 3);
}

TEST(stream, a_file_is_read_and_written_at_an_offset) {
  sys::unique_fd file(::memfd_create("x", MFD_CLOEXEC));
  EXPECT_EQ(sys::write_now(file.get(), "coffee", 6, 0), 6);
  EXPECT_EQ(sys::write_now(file.get(), "coffee", 6, 0, sys::on_disk::refuse), -EAGAIN);
  char buffer[8] = {};
  EXPECT_EQ(sys::read_now(file.get(), buffer, 8, 3), 3);
  EXPECT_STREQ(buffer, "fee");
}

TEST(stream, a_bad_descriptor_is_told) {
  char c;
  EXPECT_EQ(sys::read_now(-1, &c, 1, -1), -EBADF);
  EXPECT_EQ(sys::write_now(-1, &c, 1, -1), -EBADF);
}

}  // namespace
}  // namespace kettle
