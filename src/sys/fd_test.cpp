#include "sys/fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace kettle {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(unique_fd, closes_what_it_owns) {
  int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    sys::unique_fd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(unique_fd, moves_and_releases) {
  sys::unique_fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int number = a.get();
  sys::unique_fd b(std::move(a));
  EXPECT_FALSE(a);
  EXPECT_EQ(b.get(), number);
  sys::unique_fd c;
  c = std::move(b);
  EXPECT_EQ(c.release(), number);
  EXPECT_FALSE(c);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(unique_fd, keeps_the_reason_when_there_is_none) {
  sys::unique_fd fd(::open("/does/not/exist", O_RDONLY));
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.error(), ENOENT);
  EXPECT_EQ(sys::unique_fd(-EMFILE).error(), EMFILE);
}

TEST(unique_fd, leaves_errno_alone) {
  sys::unique_fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  errno = EPERM;
  fd.reset();
  EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace kettle
