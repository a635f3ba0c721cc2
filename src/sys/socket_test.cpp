#include "sys/socket.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>

namespace kettle {
namespace {

sockaddr_in loopback(std::uint16_t port = 0) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = port;
  return a;
}

struct listening {
  listening() : fd(sys::open_socket(AF_INET, SOCK_STREAM)) {
    sockaddr_in a = loopback();
    std::uint32_t size = sizeof address;
    EXPECT_EQ(sys::bind_socket(fd.get(), &a, sizeof a), 0);
    EXPECT_EQ(sys::listen_socket(fd.get(), 8), 0);
    EXPECT_EQ(sys::local_address(fd.get(), &address, &size), 0);
  }
  sys::unique_fd fd;
  sockaddr_in address{};
};

TEST(socket_calls, connect_accept_send_and_receive_without_waiting) {
  listening server;
  EXPECT_EQ(sys::accept_now(server.fd.get()), -EAGAIN);
  sys::unique_fd a(sys::open_socket(AF_INET, SOCK_STREAM));
  int r = sys::connect_now(a.get(), &server.address, sizeof server.address);
  EXPECT_TRUE(r == 0 || r == -EINPROGRESS);
  ::pollfd p{server.fd.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&p, 1, 10'000), 1);
  sys::unique_fd b(sys::accept_now(server.fd.get()));
  ASSERT_TRUE(b);
  EXPECT_EQ(sys::connect_result(a.get()), 0);
  char buffer[8];
  EXPECT_EQ(sys::recv_now(b.get(), buffer, sizeof buffer), -EAGAIN);
  EXPECT_EQ(sys::send_now(a.get(), "tea", 3), 3);
  p = {b.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&p, 1, 10'000), 1);
  EXPECT_EQ(sys::recv_now(b.get(), buffer, sizeof buffer), 3);
  EXPECT_TRUE(sys::is_non_blocking(b.get()));
}

TEST(socket_calls, a_blocking_listener_is_not_waited_for) {
  listening server;
  ASSERT_EQ(::fcntl(server.fd.get(), F_SETFL, 0), 0);
  EXPECT_EQ(sys::accept_now(server.fd.get()), -EAGAIN);
}

TEST(socket_calls, a_refused_connect_says_so) {
  std::uint16_t port;
  {
    listening gone;
    port = gone.address.sin_port;
  }
  sys::unique_fd a(sys::open_socket(AF_INET, SOCK_STREAM));
  sockaddr_in to = loopback(port);
  int r = sys::connect_now(a.get(), &to, sizeof to);
  if (r == -EINPROGRESS) {
    pollfd p{a.get(), POLLOUT, 0};
    ASSERT_EQ(::poll(&p, 1, 10'000), 1);
    r = sys::connect_result(a.get());
  }
  EXPECT_EQ(r, -ECONNREFUSED);
}

TEST(socket_calls, ready_now_tells_a_bad_descriptor) {
  EXPECT_EQ(sys::ready_now(99999, POLLIN), POLLNVAL);
}

}  // namespace
}  // namespace kettle
