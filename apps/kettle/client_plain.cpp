#include "client_plain.hpp"

#include "client.hpp"
#include "exec_template.hpp"
#include "http_reply.hpp"
#include "url.hpp"
#include "work.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace kettle::app {
namespace {

using clock = std::chrono::steady_clock;

using std::chrono::microseconds;

class deadline {
 public:
  explicit deadline(double limit_s)
      : limit_s_(limit_s),
        end_(clock::now() +
             std::chrono::duration_cast<microseconds>(std::chrono::duration<double>(limit_s))) {}
  double limit_s() const { return limit_s_; }
  microseconds left() const {
    return std::chrono::duration_cast<microseconds>(end_ - clock::now());
  }

 private:
  double limit_s_;
  clock::time_point end_;
};

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  operator int() const { return fd_; }  // NOLINT(google-explicit-constructor): it is one

 private:
  int fd_;
};

constexpr int fetch_begins = __LINE__;
[[noreturn]] void give_up(const char* doing, const deadline& by) {
  if (errno == EAGAIN || errno == EINPROGRESS)
    throw std::runtime_error(fmt::format("no answer within {:g} s", by.limit_s()));
  throw std::runtime_error(fmt::format("{}: {}", doing, std::strerror(errno)));
}

void limit_waits(int fd, const deadline& by) {
  auto left = std::max(by.left(), microseconds(1)).count();  // 0 would mean for ever
  timeval limit{left / 1'000'000, left % 1'000'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// A signal to this process is no answer.
template <class Call>
std::size_t patiently(int fd, const deadline& by, const char* doing, Call call) {
  for (;;) {
    ssize_t n = call();
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) give_up(doing, by);
    limit_waits(fd, by);
  }
}

descriptor connect_to(const url& page, const deadline& by) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  auto port = std::to_string(page.port);
  if (int problem = ::getaddrinfo(page.host.c_str(), port.c_str(), &hints, &found))
    throw std::runtime_error(fmt::format("look up {}: {}", page.host, ::gai_strerror(problem)));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  for (auto* at = found; at; at = at->ai_next) {
    descriptor fd(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (fd < 0) continue;
    limit_waits(fd, by);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0) return fd;
  }
  give_up("connect", by);
}

std::string fetch(const std::string& address, const deadline& by) {
  url page = parse_url(address);
  auto peer = connect_to(page, by);
  auto request = request_for(page);
  for (std::string_view rest = request; !rest.empty();)
    rest.remove_prefix(patiently(
        peer, by, "send", [&] { return ::send(peer, rest.data(), rest.size(), MSG_NOSIGNAL); }));
  http_reply reply;
  std::array<char, 4096> buffer;
  while (!reply.done()) {
    auto n = patiently(peer, by, "receive",
                       [&] { return ::recv(peer, buffer.data(), buffer.size(), 0); });
    if (n > 0)
      reply.feed({buffer.data(), n});
    else
      reply.end();
    if (!reply.done()) limit_waits(peer, by);  // a reply in drops does not get a limit for each
  }
  reply.expect_success();
  return reply.body();
}
constexpr int fetch_lines = __LINE__ - fetch_begins - 1;

constexpr int execute_begins = __LINE__;
constexpr double grace_s = 5;  // between asking a program to end and killing it

pid_t start(std::vector<std::string> words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawnattr_t how;
  ::posix_spawnattr_init(&how);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  int problem = ::posix_spawn(&pid, argv[0], nullptr, &how, argv.data(), environ);
  ::posix_spawnattr_destroy(&how);
  if (problem != 0)
    throw std::runtime_error(fmt::format("start {}: {}", words[0], std::strerror(problem)));
  return pid;
}

bool ends_by(int pidfd, const deadline& by) {
  for (;;) {
    pollfd wait{pidfd, POLLIN, 0};
    auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(by.left()).count();
    int n = ::poll(&wait, 1, static_cast<int>(std::clamp<long>(left_ms, 0, 1'000'000'000)));
    if (n >= 0 || errno != EINTR) return n > 0;
  }
}

std::string execute(const job& j, const deadline& by) {
  running_program here;
  pid_t pid = start(argv_of(j.script, j.item));
  descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  bool in_time = ends_by(ended, by);
  if (!in_time) {
    ::kill(-pid, SIGTERM);
    if (!ends_by(ended, deadline(grace_s))) ::kill(-pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (!in_time) throw std::runtime_error(fmt::format("not done within {:g} s", by.limit_s()));
  if (WIFSIGNALED(status))
    throw std::runtime_error(
        fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status))));
  if (int code = WEXITSTATUS(status)) throw std::runtime_error(fmt::format("exit status {}", code));
  return "done";
}
constexpr int execute_lines = __LINE__ - execute_begins - 1;

}  // namespace

std::vector<job> jobs_of(const cell& c) {
  std::vector<job> all;
  all.reserve(c.items.size());
  for (auto& item : c.items) all.push_back({c.work, c.timeout_s, c.passes, c.script, item});
  return all;
}

std::string do_job(const job& j) try {
  deadline by(j.timeout_s);
  switch (j.work) {
    case work_kind::fetch: return sha256(fetch(j.item, by));
    case work_kind::fetch_and_compute: return digest(fetch(j.item, by), j.passes);
    case work_kind::execute: return execute(j, by);
    case work_kind::compute: break;
  }
  return compute(j.item);
} catch (const std::exception& wrong) {
  throw std::runtime_error(wrong.what());  // a type that comes back from another process as it is
}

int lines_of_plain_client(work_kind work) {
  return lines_of_parts(work, fetch_lines, execute_lines);
}

}  // namespace kettle::app
