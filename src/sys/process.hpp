#pragma once
// Processes of our own program: made by fork, not by exec.
//
//   pid_t child = sys::fork_process();
//   if (child == 0) { sys::die_with_parent(parent); ...; sys::leave(0); }
//   sys::ended_child e;
//   while (sys::reap_child(e)) ...                     // every child that has ended, with its cost
//
// Threads: fork_process copies the calling thread only. The rest: any.

#include "sys/pidfd.hpp"
#include "sys/time.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace kettle::inline KETTLE_ABI::sys {

inline pid_t fork_process() noexcept { return pid_t(result_of(::fork())); }
inline pid_t parent_id() noexcept { return ::getppid(); }

// SIGKILL when the thread that forked us ends. False: it has ended already.
inline bool die_with_parent(pid_t parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == parent;
}

[[noreturn]] inline void leave(int status) noexcept { ::_exit(status); }

// Called around every fork from now on. False: there is no memory for it.
inline bool at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
  return ::pthread_atfork(before, in_parent, in_child) == 0;
}

// As much as can be written; async-signal-safe.
inline void write_to_stderr(const char* text, std::size_t bytes) noexcept {
  int saved = errno;
  while (bytes > 0) {
    ssize_t n = ::write(STDERR_FILENO, text, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text += n;
    bytes -= std::size_t(n);
  }
  errno = saved;
}

// For somebody who is being killed.
[[noreturn]] inline void wait_for_end() noexcept {
  for (;;) ::pause();
}

struct ended_child {
  pid_t pid = 0;
  exit_state how;
  std::size_t peak_rss_bytes = 0;
  std::int64_t cpu_ns = 0;
};

// False: none has ended.
inline bool reap_child(ended_child& e) noexcept {
  int status = 0;
  rusage used{};
  pid_t pid;
  do {
    pid = ::wait4(-1, &status, WNOHANG, &used);
  } while (pid < 0 && errno == EINTR);
  if (pid <= 0) return false;
  e.pid = pid;
  e.how = {};
  if (WIFSIGNALED(status)) {
    e.how.signal = WTERMSIG(status);
    e.how.core_dumped = WCOREDUMP(status);
  } else {
    e.how.code = WEXITSTATUS(status);
  }
  e.peak_rss_bytes = std::size_t(used.ru_maxrss) * 1024;
  auto ns = [](const timeval& t) { return t.tv_sec * 1'000'000'000LL + t.tv_usec * 1000LL; };
  e.cpu_ns = ns(used.ru_utime) + ns(used.ru_stime);
  return true;
}

inline int kill_process(pid_t pid, int signal) noexcept {
  return int(result_of(::kill(pid, signal)));
}

inline void name_process(const char* name) noexcept { ::prctl(PR_SET_NAME, name); }

// Every signal as a fresh program has it, but SIGINT, which is for the one who started us to judge.
inline void reset_signals() noexcept {
  for (int s = 1; s < NSIG; s++)
    if (s != SIGKILL && s != SIGSTOP) ::signal(s, SIG_DFL);
  ::signal(SIGINT, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Among the first to go when memory runs out.
inline void volunteer_for_oom() noexcept {
  int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] ssize_t n = ::write(fd, "800", 3);
  ::close(fd);
}

// Memory that was freed stays with us, up to a limit: touching fresh pages costs more than the copy
// of what is put there.
inline void keep_freed_memory() noexcept {
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

// A copy of fd with a number of at least `lowest`, close-on-exec.
inline int copy_above(int fd, int lowest) noexcept {
  return int(result_of(::fcntl(fd, F_DUPFD_CLOEXEC, lowest)));
}
// fd becomes `number`, whatever that was; inherited by exec.
inline int place_at(int fd, int number) noexcept { return int(result_of(::dup2(fd, number))); }
inline void close_from(int lowest) noexcept { ::close_range(unsigned(lowest), ~0U, 0); }
// Nothing comes from 0, and 0, 1 and 2 are open, so that no other descriptor can get their numbers.
inline void settle_standard_files() noexcept {
  int fd;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd < 0) return;
  ::dup2(fd, 0);
  ::close(fd);
}

// What is in a small file of /proc; empty when it cannot be read.
inline std::string read_small_file(const char* path) {
  std::string text;
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  char part[4096];
  for (ssize_t n; fd >= 0 && (n = ::read(fd, part, sizeof part)) > 0;)
    text.append(part, std::size_t(n));
  if (fd >= 0) ::close(fd);
  return text;
}
inline std::string read_link(const char* path) {
  char text[4096];
  ssize_t n = ::readlink(path, text, sizeof text);
  return n > 0 ? std::string(text, std::size_t(n)) : std::string();
}
inline bool is_executable(const char* path) noexcept { return ::access(path, X_OK) == 0; }

// Whether some memory of this process lies there.
inline bool is_mapped(const void* address) noexcept {
  static const auto page = std::size_t(::sysconf(_SC_PAGESIZE));
  unsigned char there;
  auto start = reinterpret_cast<std::size_t>(address) / page * page;
  return ::mincore(reinterpret_cast<void*>(start), page, &there) == 0 || errno != ENOMEM;
}

// Sleeps until one of the descriptors is ready (`revents`) or the time has come.
inline int wait_any(pollfd* all, std::size_t count, time_point until) noexcept {
  timespec t{};
  if (until != never) {
    time_point now = monotonic_now();
    auto left = until > now ? until - now : duration::zero();
    t.tv_sec = left.count() / 1'000'000'000;
    t.tv_nsec = left.count() % 1'000'000'000;
  }
  return int(result_of(::ppoll(all, nfds_t(count), until == never ? nullptr : &t, nullptr)));
}

}  // namespace kettle::inline KETTLE_ABI::sys
