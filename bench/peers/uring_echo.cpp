// Echo by a hand-written io_uring loop on liburing: what the hardware allows there. One request a
// connection, receive and send in turn; everything that is ready is submitted by the call that
// waits.
//
//   uring_echo CONNECTIONS BYTES
#include "../net/echo.hpp"

#include <liburing.h>

namespace {

struct peer {
  int fd;
  std::size_t begin = 0, end = 0;  // what is read and not yet written
  char buffer[bench::echo_buffer];
};

io_uring ring;

io_uring_sqe* entry(void* data) {
  io_uring_sqe* e = io_uring_get_sqe(&ring);
  if (!e) {
    io_uring_submit(&ring);
    e = io_uring_get_sqe(&ring);
  }
  io_uring_sqe_set_data(e, data);
  return e;
}

void ask_accept(int door) {
  io_uring_sqe* e = io_uring_get_sqe(&ring);
  io_uring_prep_accept(e, door, nullptr, nullptr, 0);
  io_uring_sqe_set_data(e, nullptr);
}

void ask(peer& p) {
  io_uring_sqe* e = entry(&p);
  if (p.begin == p.end)
    io_uring_prep_recv(e, p.fd, p.buffer, sizeof p.buffer, 0);
  else
    io_uring_prep_send(e, p.fd, p.buffer + p.begin, p.end - p.begin, MSG_NOSIGNAL);
  io_uring_sqe_set_data(e, &p);
}

// What came of the request under way; false: the peer has gone.
bool take(peer& p, int result) {
  if (result <= 0) return false;
  if (p.begin == p.end) {
    p.begin = 0;
    p.end = std::size_t(result);
  } else {
    p.begin += std::size_t(result);
  }
  return true;
}

void serve(const bench::announcement& where) {
  const int door = bench::listen_on_loopback(0);
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (io_uring_queue_init_params(2048, &ring, &params) < 0) return;
  ask_accept(door);
  where.say(bench::port_of(door));
  for (;;) {
    io_uring_submit_and_wait(&ring, 1);
    unsigned head, seen = 0;
    io_uring_cqe* c;
    io_uring_for_each_cqe(&ring, head, c) {
      seen++;
      auto* p = static_cast<peer*>(io_uring_cqe_get_data(c));
      if (!p) {
        ask_accept(door);
        if (c->res < 0) continue;
        bench::set_no_delay(c->res);
        ask(*new peer{.fd = c->res, .buffer = {}});
      } else if (take(*p, c->res)) {
        ask(*p);
      } else {
        close(p->fd);
        delete p;
      }
    }
    io_uring_cq_advance(&ring, seen);
  }
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_echo(argc, argv, serve); }
