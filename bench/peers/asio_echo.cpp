// Echo by Asio's coroutines, on its epoll back end.
//
//   asio_echo CONNECTIONS BYTES
#include "../net/echo.hpp"

#include <asio.hpp>

using asio::ip::tcp;

namespace {

asio::awaitable<void> echo(tcp::socket peer) {
  std::vector<char> buffer(bench::echo_buffer);
  for (;;) {
    const std::size_t n = co_await peer.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    co_await asio::async_write(peer, asio::buffer(buffer.data(), n), asio::use_awaitable);
  }
}

asio::awaitable<void> accept_all(tcp::acceptor& door) {
  for (;;) {
    tcp::socket peer = co_await door.async_accept(asio::use_awaitable);
    peer.set_option(tcp::no_delay(true));
    asio::co_spawn(door.get_executor(), echo(std::move(peer)), asio::detached);
  }
}

void serve(const bench::announcement& where) {
  asio::io_context loop(1);
  tcp::acceptor door(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  where.say(door.local_endpoint().port());
  asio::co_spawn(loop, accept_all(door), asio::detached);
  loop.run();
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_echo(argc, argv, serve); }
