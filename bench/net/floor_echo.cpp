// The floor of an echo server under epoll: one loop, readiness by edges, no errors told, no
// cancellation, no names. A write that is not taken at once waits for the next edge.
//
//   net_floor_echo CONNECTIONS BYTES
#include "echo.hpp"

namespace {

struct peer {
  int fd;
  std::size_t begin = 0, end = 0;  // what is read and not yet written
  char buffer[bench::echo_buffer];
};

// Reads and writes as far as it goes; false: the peer has gone.
bool go_on(peer& p) {
  for (;;) {
    if (p.begin == p.end) {
      const ssize_t got = recv(p.fd, p.buffer, sizeof p.buffer, 0);
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      p.begin = 0;
      p.end = std::size_t(got);
    }
    const std::size_t left = p.end - p.begin;
    const ssize_t sent = send(p.fd, p.buffer + p.begin, left, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    p.begin += std::size_t(sent);
    if (std::size_t(sent) < left) return true;
    if (p.end < sizeof p.buffer) return true;  // a short read: empty until the next edge
  }
}

void serve(const bench::announcement& where) {
  const int door = bench::listen_on_loopback(SOCK_NONBLOCK), set = epoll_create1(0);
  epoll_event e{.events = EPOLLIN, .data = {.ptr = nullptr}};
  epoll_ctl(set, EPOLL_CTL_ADD, door, &e);
  where.say(bench::port_of(door));
  epoll_event ready[128];
  for (;;) {
    const int n = epoll_wait(set, ready, 128, -1);
    for (int i = 0; i < n; i++) {
      if (auto* p = static_cast<peer*>(ready[i].data.ptr)) {
        if (!go_on(*p)) close(p->fd), delete p;
        continue;
      }
      const int fd = accept4(door, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) continue;
      bench::set_no_delay(fd);
      auto* p = new peer{.fd = fd, .buffer = {}};
      e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = p}};
      epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
    }
  }
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_echo(argc, argv, serve); }
