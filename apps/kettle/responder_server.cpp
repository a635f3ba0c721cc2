// The process behind responder.hpp: one thread, one epoll, answers in the order they fall due.

#include "responder.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <deque>
#include <memory>
#include <vector>

namespace kettle::app {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t longest_head = 16 * 1024;
// The kernel caps the queue of one listening socket (4096 by default); several share the port, so
// that 10 000 connections can arrive before we get to run.
constexpr int listeners = 4;

struct peer {
  int fd;
  std::string in;
  std::string out;
  std::size_t sent = 0;
  bool answering = false;  // a request is waiting for its delay or going out
};

class server {
 public:
  server(int delay_ms, int lifeline) : delay_(std::chrono::milliseconds(delay_ms)) {
    lifeline_ = lifeline;
    watch(lifeline_, EPOLLIN);
    watch(timer_, EPOLLIN);
  }
  ~server() {
    for (auto& p : peers_)
      if (p) ::close(p->fd);
    for (int fd : doors_) ::close(fd);
    ::close(timer_), ::close(epoll_);
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  std::uint16_t listen_on_loopback();
  void serve();

 private:
  struct due {
    clock::time_point when;
    int fd;
    std::uint64_t visit;
  };

  void watch(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
      ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
  }
  bool is_door(int fd) const {
    for (int door : doors_)
      if (door == fd) return true;
    return false;
  }
  void accept_all(int door);
  void pause_doors();
  void hear(peer& p);
  void take_request(peer& p);
  void answer(peer& p);
  void drop(peer& p);
  void answer_due();
  void set_timer();

  clock::duration delay_;
  int lifeline_ = -1;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  std::vector<int> doors_;
  bool paused_ = false;                       // no descriptor left: accept again when one is free
  std::vector<std::unique_ptr<peer>> peers_;  // by descriptor
  std::vector<std::uint64_t> visits_;         // how often each descriptor was used
  std::deque<due> due_;                       // one delay for all: it is sorted by itself
};

std::uint16_t server::listen_on_loopback() {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  for (int i = 0; i < listeners; i++) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    auto* name = reinterpret_cast<sockaddr*>(&where);
    if (fd < 0 || ::bind(fd, name, sizeof where) != 0 || ::listen(fd, SOMAXCONN) != 0 ||
        ::getsockname(fd, name, &size) != 0)
      return 0;
    doors_.push_back(fd);
    watch(fd, EPOLLIN);
  }
  return ntohs(where.sin_port);
}

void server::accept_all(int door) {
  for (;;) {
    int fd = ::accept4(door, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) pause_doors();
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    auto index = static_cast<std::size_t>(fd);
    if (peers_.size() <= index) peers_.resize(index + 1), visits_.resize(index + 1);
    peers_[index] = std::make_unique<peer>();
    peers_[index]->fd = fd;
    visits_[index]++;
    watch(fd, EPOLLIN);
  }
}

void server::pause_doors() {
  paused_ = true;
  for (int door : doors_) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, door, nullptr);
}

// Whoever asked has closed (or is a nuisance): a reset now frees both ends at once, where an
// orderly close would leave thousands of sockets in TIME_WAIT behind a run of compare.
void server::drop(peer& p) {
  int fd = p.fd;
  linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd);
  peers_[static_cast<std::size_t>(fd)].reset();
  if (!paused_) return;
  paused_ = false;
  for (int door : doors_) watch(door, EPOLLIN);
}

void server::hear(peer& p) {
  std::array<char, 4096> buffer;
  for (;;) {
    ssize_t n = ::recv(p.fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) return drop(p);
    p.in.append(buffer.data(), static_cast<std::size_t>(n));
    if (p.in.size() > longest_head) return drop(p);
  }
  if (!p.answering) take_request(p);
}

void server::take_request(peer& p) {
  auto end = p.in.find("\r\n\r\n");
  if (end == p.in.npos) return;
  auto head = p.in.substr(0, end);
  p.in.erase(0, end + 4);
  p.answering = true;
  p.out = reply_to(head);
  p.sent = 0;
  due_.push_back({clock::now() + delay_, p.fd, visits_[static_cast<std::size_t>(p.fd)]});
  if (due_.size() == 1) set_timer();
}

void server::answer(peer& p) {
  while (p.sent < p.out.size()) {
    ssize_t n = ::send(p.fd, p.out.data() + p.sent, p.out.size() - p.sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return watch(p.fd, EPOLLIN | EPOLLOUT);
    if (n < 0) return drop(p);
    p.sent += static_cast<std::size_t>(n);
  }
  p.answering = false;
  p.out.clear();
  watch(p.fd, EPOLLIN);  // the length is in the head: whoever asked closes first
  take_request(p);
}

void server::answer_due() {
  std::uint64_t ticks;
  [[maybe_unused]] ssize_t n = ::read(timer_, &ticks, sizeof ticks);
  auto now = clock::now();
  while (!due_.empty() && due_.front().when <= now) {
    auto next = due_.front();
    due_.pop_front();
    auto index = static_cast<std::size_t>(next.fd);
    if (peers_[index] && visits_[index] == next.visit) answer(*peers_[index]);
  }
  if (!due_.empty()) set_timer();
}

void server::set_timer() {
  auto left = std::chrono::nanoseconds(due_.front().when - clock::now()).count();
  if (left < 1) left = 1;  // 0 would switch it off
  itimerspec spec{};
  spec.it_value.tv_sec = left / 1'000'000'000;
  spec.it_value.tv_nsec = left % 1'000'000'000;
  ::timerfd_settime(timer_, 0, &spec, nullptr);
}

void server::serve() {
  std::array<epoll_event, 256> events;
  for (;;) {
    int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (n < 0 && errno != EINTR) return;
    for (int i = 0; i < n; i++) {
      int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == lifeline_) return;  // nothing is ever sent through it: it was closed
      if (fd == timer_) {
        answer_due();
      } else if (is_door(fd)) {
        accept_all(fd);
      } else if (auto& p = peers_[static_cast<std::size_t>(fd)]) {
        auto what = events[static_cast<std::size_t>(i)].events;
        if (what & EPOLLOUT)
          answer(*p);
        else
          hear(*p);
      }
    }
  }
}

}  // namespace

int serve_pages(int delay_ms, int lifeline, int announce) {
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  server pages(delay_ms, lifeline);
  auto line = fmt::format("{}\n", pages.listen_on_loopback());
  if (line == "0\n" || ::write(announce, line.data(), line.size()) < 0) return 1;
  pages.serve();
  return 0;
}

}  // namespace kettle::app
