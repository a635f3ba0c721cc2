#include "child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace kettle::app {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, int input, int output, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before it could be asked to take us with it
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::execv(argv[0], argv);
  ::_exit(127);
}

std::vector<pid_t> own_children() {
  std::ifstream in(fmt::format("/proc/self/task/{}/children", ::getpid()));
  std::vector<pid_t> all;
  for (pid_t pid; in >> pid;) all.push_back(pid);
  return all;
}

void signal_strays(pid_t but, int signal) {
  for (pid_t pid : own_children())
    if (pid != but) ::kill(pid, signal);
}

// True when none is left. Their own children come to us when they end, and are seen next time.
bool reap_strays(pid_t but) {
  bool left = false;
  for (pid_t pid : own_children())
    if (pid != but && ::waitpid(pid, nullptr, WNOHANG) == 0) left = true;
  for (pid_t pid : own_children()) left = left || pid != but;
  return !left;
}

}  // namespace

std::string own_path() {
  std::array<char, 4096> path{};
  ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size());
  std::string found(path.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  // Replaced while running: the link still leads to what we are.
  return ::access(found.c_str(), X_OK) == 0 ? found : "/proc/self/exe";
}

child child::start(const std::vector<std::string>& argv) {
  std::array<int, 2> in{-1, -1}, out{-1, -1};
  if (::pipe2(in.data(), O_CLOEXEC) != 0) fail("pipe");
  if (::pipe2(out.data(), O_CLOEXEC) != 0) {
    close_fd(in[0]), close_fd(in[1]);
    fail("pipe");
  }
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid == 0) become(words.data(), in[0], out[1], parent);
  int problem = errno;
  close_fd(in[0]), close_fd(out[1]);
  if (pid < 0) {
    close_fd(in[1]), close_fd(out[0]);
    errno = problem;
    fail("fork");
  }
  ::setpgid(pid, pid);  // here too, so that its group exists whoever is first
  return {pid, in[1], out[0]};
}

child::child(child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      status_(other.status_) {}

child::~child() { end(); }

void child::close_input() { close_fd(input_); }

void child::ask_to_end() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void child::end() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    wait();
  }
  close_fd(input_), close_fd(output_);
}

int child::wait() {
  while (pid_ > 0) {
    if (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
  }
  return status_;
}

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

void end_strays(pid_t but, int grace_ms) {
  using clock = std::chrono::steady_clock;
  if (reap_strays(but)) return;
  signal_strays(but, SIGTERM);
  auto until = clock::now() + std::chrono::milliseconds(grace_ms);
  while (!reap_strays(but)) {
    if (clock::now() >= until) signal_strays(but, SIGKILL);
    ::poll(nullptr, 0, 5);
  }
}

void reap_orphans(pid_t but, pid_t nor) {
  for (pid_t pid : own_children())
    if (pid != but && pid != nor) ::waitpid(pid, nullptr, WNOHANG);
}

std::string describe_status(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    int signal = WTERMSIG(wait_status);
    return fmt::format("signal {} ({})", signal, ::strsignal(signal));
  }
  return fmt::format("exit {}", WEXITSTATUS(wait_status));
}

}  // namespace kettle::app
