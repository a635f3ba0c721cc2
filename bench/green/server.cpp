// An ordinary echo server: a thread for each connection, blocking calls, nothing of kettle. Its
// first line of output is its port.
#include "../net/echo.hpp"

#include <thread>

namespace {

bool send_all(int peer, const char* data, ssize_t size) {
  for (ssize_t n; size > 0; data += n, size -= n)
    if ((n = send(peer, data, std::size_t(size), MSG_NOSIGNAL)) < 0) return false;
  return true;
}

void serve(int peer) {
  char buffer[bench::echo_buffer];
  for (ssize_t n; (n = recv(peer, buffer, sizeof buffer, 0)) > 0;)
    if (!send_all(peer, buffer, n)) break;
  close(peer);
}

}  // namespace

int main() {
  bench::allow_descriptors(16'000);
  const int door = bench::listen_on_loopback(0);
  std::printf("%d\n", bench::port_of(door));
  std::fflush(stdout);
  for (;;) {
    const int peer = accept(door, nullptr, nullptr);
    if (peer < 0) return 1;
    bench::set_no_delay(peer);
    std::thread(serve, peer).detach();
  }
}
