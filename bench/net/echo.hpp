// The load of the echo measurements, and how a server is measured under it.
//
//   int main(int argc, char** argv) { return bench::measure_echo(argc, argv, serve); }
//   // NAME CONNECTIONS BYTES
//
// The server runs in a child; this process is the load: every connection sends a message, awaits
// all of it back and sends the next, for a fixed time. Reported: messages per second of the
// server's CPU time, user and kernel, so that a faster load does not make a faster server. Each has
// a core of its own where there are two. The child never ends by itself: it is killed.
#pragma once

#include "../core/measure.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace bench {

inline constexpr double warm_up_s = 0.15, measured_s = 0.6;
inline constexpr std::size_t echo_buffer = 16 * 1024;  // what every server reads at most

inline int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

inline void set_no_delay(int fd) {
  const int on = 1;
  checked(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(port);
  return a;
}

// For the servers that are raw loops: a listening socket on a free port.
inline int listen_on_loopback(int flags) {
  const int fd = checked(socket(AF_INET, SOCK_STREAM | flags, 0), "socket");
  const sockaddr_in a = loopback(0);
  checked(bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a), "bind");
  checked(listen(fd, 1024), "listen");
  return fd;
}

inline std::uint16_t port_of(int fd) {
  sockaddr_in a{};
  socklen_t size = sizeof a;
  checked(getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size), "getsockname");
  return ntohs(a.sin_port);
}

// A server says where it listens once it does: a line with its port.
class announcement {
 public:
  announcement() { checked(pipe(ends_), "pipe"); }
  int end() const { return ends_[1]; }
  void say(std::uint16_t port) const { checked(dprintf(ends_[1], "%d\n", port), "write"); }
  std::uint16_t hear() {
    close(ends_[1]);  // a server that dies first is heard as an end
    unsigned port = 0;
    std::FILE* told = fdopen(ends_[0], "r");
    if (!told || std::fscanf(told, "%u", &port) != 1)
      throw std::runtime_error("the server did not start");
    return std::uint16_t(port);
  }

 private:
  int ends_[2];
};

class load {
 public:
  load(std::uint16_t port, int connections, std::size_t bytes)
      : message_(bytes, 'k'), peers_(std::size_t(connections)) {
    set_ = checked(epoll_create1(0), "epoll_create");
    for (peer& p : peers_) {
      p.fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
      const sockaddr_in a = loopback(port);
      checked(connect(p.fd, reinterpret_cast<const sockaddr*>(&a), sizeof a), "connect");
      set_no_delay(p.fd);
      epoll_event e{.events = EPOLLIN, .data = {.ptr = &p}};
      checked(epoll_ctl(set_, EPOLL_CTL_ADD, p.fd, &e), "epoll_ctl");
      send_message(p);
    }
  }

  // Goes on for so long; how many messages came back.
  long run(double seconds) {
    const double end = seconds_now() + seconds;
    long back = 0;
    std::vector<epoll_event> ready(peers_.size());
    while (seconds_now() < end) {
      const int n = checked(epoll_wait(set_, ready.data(), int(ready.size()), 1000), "epoll_wait");
      if (n == 0) throw std::runtime_error("no answer for a second");
      for (int i = 0; i < n; i++) back += take(*static_cast<peer*>(ready[std::size_t(i)].data.ptr));
    }
    return back;
  }

 private:
  struct peer {
    int fd;
    std::size_t missing;
  };

  // A message fits into the buffers of a connection on which nothing else is under way.
  void send_message(peer& p) {
    const ssize_t sent = send(p.fd, message_.data(), message_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (std::size_t(sent) != message_.size())
      throw std::runtime_error("a message was not taken whole");
    p.missing = message_.size();
  }

  bool take(peer& p) {
    const ssize_t got = recv(p.fd, into_, std::min(sizeof into_, p.missing), MSG_DONTWAIT);
    if (got <= 0) throw std::runtime_error("the server closed a connection");
    p.missing -= std::size_t(got);
    if (p.missing) return false;
    send_message(p);
    return true;
  }

  int set_ = -1;
  std::string message_;
  std::vector<peer> peers_;
  char into_[64 * 1024];
};

// The first usable core for the load, the last for the server.
inline void use_core(bool last) {
  cpu_set_t usable;
  if (sched_getaffinity(0, sizeof usable, &usable) != 0 || CPU_COUNT(&usable) < 2) return;
  int core = last ? CPU_SETSIZE - 1 : 0;
  while (!CPU_ISSET(core, &usable)) core += last ? -1 : 1;
  CPU_ZERO(&usable);
  CPU_SET(core, &usable);
  sched_setaffinity(0, sizeof usable, &usable);
}

inline void allow_descriptors(int wanted) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(rlim_t(wanted) + 64, limit.rlim_max));
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A server in a child: serve(announcement&) says its port and echoes for ever.
class server {
 public:
  template <class Serve> server(Serve& serve, bool own_core) {
    announcement where;
    pid_ = checked(fork(), "fork");
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (own_core) use_core(true);
      serve(where);
      std::_Exit(1);
    }
    if (own_core) use_core(false);
    port_ = where.hear();
  }
  ~server() { kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0); }
  server(const server&) = delete;
  std::uint16_t port() const { return port_; }

  double cpu_seconds() const {
    clockid_t clock;
    timespec t;
    if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &t) != 0)
      throw std::runtime_error("no CPU clock");
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
  }

 private:
  pid_t pid_;
  std::uint16_t port_;
};

template <class Serve>
void measure_per_cpu_second(int connections, std::size_t bytes, Serve serve) {
  allow_descriptors(connections);
  server measured(serve, true);
  load clients(measured.port(), connections, bytes);
  clients.run(warm_up_s);
  const double before = measured.cpu_seconds();
  const long messages = clients.run(measured_s);
  report("", double(messages) / (measured.cpu_seconds() - before) / 1000, "k/s");
}

template <class F> int told_errors(F measure) {
  try {
    measure();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}

template <class Serve> int measure_echo(int argc, char** argv, Serve serve) {
  if (argc != 3) return std::fprintf(stderr, "usage: %s CONNECTIONS BYTES\n", argv[0]), 2;
  return told_errors(
      [&] { measure_per_cpu_second(std::atoi(argv[1]), std::size_t(std::atol(argv[2])), serve); });
}

}  // namespace bench
