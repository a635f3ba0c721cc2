// Echo by libuv: callbacks; it writes at once where it can (uv_try_write), as its users do for
// speed.
//
//   libuv_echo CONNECTIONS BYTES
#include "../net/echo.hpp"

#include <uv.h>

namespace {

struct peer {
  uv_tcp_t socket;
  uv_write_t rest;
  char buffer[bench::echo_buffer];
};

void gone(uv_handle_t* h) { delete static_cast<peer*>(h->data); }
void lend(uv_handle_t* h, std::size_t, uv_buf_t* b) {
  auto* p = static_cast<peer*>(h->data);
  *b = uv_buf_init(p->buffer, sizeof p->buffer);
}

void on_read(uv_stream_t* s, ssize_t n, const uv_buf_t* b);

void on_written(uv_write_t* w, int status) {
  if (status == 0) uv_read_start(w->handle, lend, on_read);
}

void on_read(uv_stream_t* s, ssize_t n, const uv_buf_t* b) {
  auto* p = static_cast<peer*>(s->data);
  if (n < 0) return uv_close(reinterpret_cast<uv_handle_t*>(s), gone);
  uv_buf_t left = uv_buf_init(b->base, unsigned(n));
  const int sent = uv_try_write(s, &left, 1);
  if (sent == n) return;
  left = uv_buf_init(b->base + std::max(sent, 0), unsigned(n - std::max(sent, 0)));
  uv_read_stop(s);  // the buffer is in use until all of it is out
  uv_write(&p->rest, s, &left, 1, on_written);
}

void on_peer(uv_stream_t* door, int status) {
  if (status < 0) return;
  auto* p = new peer;
  uv_tcp_init(door->loop, &p->socket);
  p->socket.data = p;
  auto* s = reinterpret_cast<uv_stream_t*>(&p->socket);
  uv_accept(door, s);
  uv_tcp_nodelay(&p->socket, 1);
  uv_read_start(s, lend, on_read);
}

void serve(const bench::announcement& where) {
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t door;
  uv_tcp_init(loop, &door);
  const int fd = bench::listen_on_loopback(SOCK_NONBLOCK);
  uv_tcp_open(&door, fd);
  uv_listen(reinterpret_cast<uv_stream_t*>(&door), 1024, on_peer);
  where.say(bench::port_of(fd));
  uv_run(loop, UV_RUN_DEFAULT);
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_echo(argc, argv, serve); }
