#include "loop/attempt.hpp"

#include "sys/eventfd.hpp"
#include "sys/memfd.hpp"

#include <gtest/gtest.h>

#include <poll.h>

namespace kettle {
namespace {

io_request request(io_kind kind, int fd, void* data = nullptr, std::size_t size = 0) {
  io_request r;
  r.kind = kind;
  r.fd = fd;
  r.data = data;
  r.size = size;
  return r;
}

TEST(attempt, tells_waiting_from_errors_and_results) {
  sys::event_fd bell;
  std::uint64_t n = 0;
  io_request r = request(io_kind::read, bell.get(), &n, sizeof n);
  EXPECT_EQ(attempt(r), would_wait);
  bell.ring();
  EXPECT_EQ(attempt(r), 8);
  EXPECT_EQ(n, 1u);
  r = request(io_kind::recv, bell.get(), &n, sizeof n);
  EXPECT_EQ(attempt(r), -ENOTSOCK);
}

TEST(attempt, a_file_that_needs_the_disk_can_be_refused) {
  sys::memfd file("x", 100);
  char c = 'x';
  io_request r = request(io_kind::write, file.get(), &c, 1);
  r.offset = 0;
  EXPECT_EQ(attempt(r, sys::on_disk::refuse), would_wait);
  EXPECT_EQ(attempt(r), 1);
}

TEST(attempt, polls_without_waiting) {
  sys::event_fd bell;
  io_request r = request(io_kind::poll, bell.get());
  r.flags = POLLIN;
  EXPECT_EQ(attempt(r), would_wait);
  bell.ring();
  EXPECT_EQ(attempt(r), POLLIN);
  r.fd = 19'999;
  EXPECT_EQ(attempt(r), -EBADF);
}

TEST(attempt, a_blocking_socket_is_never_connected) {
  sys::unique_fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr a{};
  io_request r = request(io_kind::connect, fd.get(), &a, sizeof a);
  EXPECT_EQ(attempt(r), -EINVAL);
}

}  // namespace
}  // namespace kettle
