// How late one connection's ping is answered while another peer sends without end to the same loop.
//
//   net_fair serve            kettle's server; its port is the first line of its output
//   net_fair load COMMAND...  the load, on such a server that is any command: p99 and worst, in ms
//
// The first byte of a connection says what it is: 'p' is answered with what it sends, 'f' is read
// and forgotten.
#include "echo.hpp"

#include <kettle/kettle.hpp>

#include <cstring>

using namespace kettle;

namespace {

constexpr double measured_s = 3, between_pings_s = 0.001;

task<> answer(stream peer) {
  std::vector<std::byte> buffer(bench::echo_buffer);
  bool floods = false, first = true;
  while (const auto n = co_await peer.read(std::span(buffer))) {
    if (std::exchange(first, false)) floods = buffer[0] == std::byte('f');
    if (!floods) co_await peer.write(std::span(buffer).first(n));
  }
}

task<> serve(nursery& peers) {
  listener door = co_await listen("tcp:127.0.0.1:0");
  std::printf("%d\n", int(door.port()));
  std::fflush(stdout);
  for (;;) peers.start(as_outcome, answer, co_await door.accept());
}

int connected_to(std::uint16_t port) {
  const int fd = bench::checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
  const sockaddr_in a = bench::loopback(port);
  bench::checked(connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a), "connect");
  bench::set_no_delay(fd);
  return fd;
}

// A process that sends until it is killed.
pid_t flood(std::uint16_t port) {
  const pid_t pid = bench::checked(fork(), "fork");
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = connected_to(port);
  const std::string much(256 * 1024, 'f');
  while (send(fd, much.data(), much.size(), MSG_NOSIGNAL) > 0) {}
  std::_Exit(1);
}

void measure(char** command) {
  auto run_command = [&](const bench::announcement& where) {
    dup2(where.end(), STDOUT_FILENO);
    execvp(command[0], command);
  };
  bench::server measured(run_command, true);
  const pid_t flooder = flood(measured.port());
  const int fd = connected_to(measured.port());
  std::vector<double> late_ms;
  const double end = bench::seconds_now() + measured_s;
  for (char byte = 'p'; bench::seconds_now() < end;) {
    const double begin = bench::seconds_now();
    bench::checked(int(send(fd, &byte, 1, MSG_NOSIGNAL)), "send");
    if (recv(fd, &byte, 1, 0) != 1) throw std::runtime_error("the server closed a connection");
    late_ms.push_back((bench::seconds_now() - begin) * 1e3);
    usleep(useconds_t(between_pings_s * 1e6));
  }
  const bool flooded = waitpid(flooder, nullptr, WNOHANG) == 0;
  kill(flooder, SIGKILL), waitpid(flooder, nullptr, 0);
  if (!flooded) throw std::runtime_error("the flood ended early");
  std::sort(late_ms.begin(), late_ms.end());
  bench::report("p99", late_ms[late_ms.size() * 99 / 100], "ms");
  bench::report("worst", late_ms.back(), "ms");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "serve") == 0) return run(serve), 0;
  if (argc < 3 || std::strcmp(argv[1], "load") != 0)
    return std::fprintf(stderr, "usage: %s serve | load COMMAND...\n", argv[0]), 2;
  return bench::told_errors([&] { measure(argv + 2); });
}
