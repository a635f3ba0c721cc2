#pragma once
// For the tests of this room: a back end of a given kind, and requests that are waited for in one
// line.
//
//   backend_rig rig(backend_kind::epoll);
//   auto [client, server] = rig.pair();
//   EXPECT_EQ(rig.send(client, "tea"), 3);
//   EXPECT_EQ(rig.recv(server, 100), "tea");

#include "loop/backend_epoll.hpp"
#include "loop/backend_sim.hpp"
#include "loop/backend_uring.hpp"
#include "loop/sim_world.hpp"
#include "sys/time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

namespace kettle {

struct waited_for : io_request {
  explicit waited_for(io_request r) : io_request(r) {
    done = [](io_request& self) noexcept { static_cast<waited_for&>(self).finished++; };
  }
  waited_for(const waited_for&) = delete;
  int finished = 0;
};

class backend_rig {
 public:
  explicit backend_rig(backend_kind kind, sim_options options = {}) : world_(options) {
    switch (kind) {
      case backend_kind::io_uring: io_ = make_uring_backend(); break;
      case backend_kind::epoll: io_ = make_epoll_backend(); break;
      default: io_ = make_sim_backend(world_); break;
    }
  }

  backend& io() { return *io_; }
  sim_world& world() { return world_; }
  bool real() const { return io_->kind() != backend_kind::sim; }

  static io_request recv_request(int fd, void* data, std::size_t size) {
    io_request r;
    r.kind = io_kind::recv;
    r.fd = fd;
    r.data = data;
    r.size = size;
    return r;
  }
  static io_request send_request(int fd, const void* data, std::size_t size) {
    io_request r = recv_request(fd, const_cast<void*>(data), size);
    r.kind = io_kind::send;
    return r;
  }
  static io_request accept_request(int fd) {
    io_request r = recv_request(fd, nullptr, 0);
    r.kind = io_kind::accept;
    return r;
  }
  static io_request connect_request(int fd, const sockaddr_in& to) {
    io_request r = recv_request(fd, const_cast<sockaddr_in*>(&to), sizeof to);
    r.kind = io_kind::connect;
    return r;
  }
  static io_request poll_request(int fd, unsigned events) {
    io_request r = recv_request(fd, nullptr, 0);
    r.kind = io_kind::poll;
    r.flags = events;
    return r;
  }

  // One poll that waits for something to happen, in the back end's own time.
  void turn() {
    using namespace std::chrono_literals;
    if (real()) return io_->poll(sys::monotonic_now() + 5s);
    if (time_point t = world_.next_event(); t != never && t > world_.now()) world_.advance_to(t);
    io_->poll(world_.now());
  }
  void until_finished(waited_for& r) {
    for (int i = 0; !r.finished && i < 100'000; i++) turn();
    ASSERT_EQ(r.finished, 1) << "the request was never reported";
  }
  // As an operation does it: try, else submit and wait.
  int wait(waited_for& r) {
    if (io_->try_now(r)) return r.result;
    io_->submit(r);
    until_finished(r);
    return r.result;
  }
  int wait(io_request request) {
    waited_for r(request);
    return wait(r);
  }

  int listener(std::uint16_t port = 0) {
    int fd = io_->socket(AF_INET, SOCK_STREAM);
    EXPECT_GE(fd, 0);
    sockaddr_in a = loopback(port);
    EXPECT_EQ(io_->bind(fd, &a, sizeof a), 0);
    EXPECT_EQ(io_->listen(fd, 512), 0);
    return fd;
  }
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    return a;
  }
  sockaddr_in address_of(int fd) {
    sockaddr_in a{};
    std::uint32_t size = sizeof a;
    EXPECT_EQ(io_->local_address(fd, &a, &size), 0);
    return a;
  }
  std::pair<int, int> pair_at(int listening) {
    sockaddr_in to = address_of(listening);
    int client = io_->socket(AF_INET, SOCK_STREAM);
    EXPECT_EQ(wait(connect_request(client, to)), 0);
    int server = wait(accept_request(listening));
    EXPECT_GE(server, 0);
    return {client, server};
  }
  std::pair<int, int> pair() {
    int l = listener();
    auto both = pair_at(l);
    io_->close(l);
    return both;
  }
  int send(int fd, const std::string& text) {
    return wait(send_request(fd, text.data(), text.size()));
  }
  // What came, or "error N".
  std::string recv(int fd, std::size_t size) {
    std::string buffer(size, '\0');
    int n = wait(recv_request(fd, buffer.data(), size));
    if (n < 0) return std::string("error ") + std::strerror(-n);
    buffer.resize(std::size_t(n));
    return buffer;
  }

 private:
  sim_world world_;
  std::unique_ptr<backend> io_;
};

}  // namespace kettle
