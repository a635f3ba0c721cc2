#pragma once
// Signals: a handler for a while, a mask for a while, and writes that do not raise SIGPIPE.
//
//   sys::signal_handler on_int(SIGINT, [](int) { bell->ring(); });  // until it goes
//   sys::signal_block quiet({SIGCHLD});                             // this thread only
//   { sys::no_sigpipe here; write(pipe, ...); }
//
// Handlers run in the middle of anything: they may touch lock-free atomics and call event_fd::ring,
// futex_wake and backend::wake, nothing else; errno is saved around them. Threads: a handler is the
// process's, masks are the thread's.

#include <kettle/base/atomic.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

inline sigset_t signal_set(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (int s : signals) sigaddset(&set, s);
  return set;
}

class signal_handler {
 public:
  using function = void (*)(int signal);
  using detailed = void (*)(int signal, siginfo_t* about, void*);

  // SA_RESTART: system calls of code that knows nothing of us go on; our own waits look at their
  // words.
  signal_handler(int signal, function handler) noexcept : signal_(signal) {
    struct sigaction action{};
    action.sa_handler = handler;
    install(action, SA_RESTART);
  }
  signal_handler(int signal, detailed handler) noexcept : signal_(signal) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    install(action, SA_RESTART | SA_SIGINFO);
  }
  signal_handler(const signal_handler&) = delete;
  signal_handler& operator=(const signal_handler&) = delete;
  ~signal_handler() {
    if (!installed_) return;
    ::sigaction(signal_, &former_, nullptr);
    owned_.fetch_and(~bit(), relaxed);
  }

  bool installed() const noexcept { return installed_; }
  // A shell starts background jobs with SIGINT ignored: whoever takes a signal over may want to
  // respect that.
  bool was_ignored() const noexcept { return former_.sa_handler == SIG_IGN; }
  // Whether the last one installed for it, by us, still is. relaxed: nothing hangs on it.
  static bool owns(int signal) noexcept { return owned_.load(relaxed) >> (signal - 1) & 1; }

 private:
  void install(struct sigaction& action, int flags) noexcept {
    action.sa_flags = flags;
    sigfillset(&action.sa_mask);  // no handler within a handler
    installed_ = ::sigaction(signal_, &action, &former_) == 0;
    if (installed_) owned_.fetch_or(bit(), relaxed);
  }
  std::uint64_t bit() const noexcept { return std::uint64_t(1) << (signal_ - 1); }
  static inline atomic<std::uint64_t> owned_{0};
  int signal_;
  bool installed_ = false;
  struct sigaction former_{};
};

// Sends the process a signal later: for a handler that has to look again.
class later_signal {
 public:
  later_signal() noexcept = default;
  later_signal(const later_signal&) = delete;
  later_signal& operator=(const later_signal&) = delete;
  ~later_signal() { close(); }

  // False: the kernel has no timer for us; set() then does nothing.
  bool open(int signal) noexcept {
    sigevent how{};
    how.sigev_notify = SIGEV_SIGNAL;
    how.sigev_signo = signal;
    how.sigev_value.sival_ptr = this;
    return open_ = ::timer_create(CLOCK_MONOTONIC, &how, &timer_) == 0;
  }
  void close() noexcept {
    if (open_) ::timer_delete(timer_);
    open_ = false;
  }
  bool is_open() const noexcept { return open_; }
  // In that many nanoseconds, instead of what was set before; 0: not at all. Async-signal-safe.
  void set(std::int64_t in_ns) noexcept {
    if (!open_) return;
    itimerspec when{};
    when.it_value = {in_ns / 1'000'000'000, in_ns % 1'000'000'000};
    ::timer_settime(timer_, 0, &when, nullptr);
  }
  bool sent(const siginfo_t& about) const noexcept {
    return about.si_code == SI_TIMER && about.si_value.sival_ptr == this;
  }

 private:
  timer_t timer_{};
  bool open_ = false;
};

// Nobody handles it and nobody ignores it.
inline bool action_is_default(int signal) noexcept {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

// Hands a signal that was taken to whoever has its action now.
inline void raise_again(int signal) noexcept { ::raise(signal); }

class signal_block {
 public:
  signal_block(std::initializer_list<int> signals) noexcept : signal_block(signal_set(signals)) {}
  explicit signal_block(const sigset_t& set) noexcept {
    ::pthread_sigmask(SIG_BLOCK, &set, &former_);
  }
  signal_block(const signal_block&) = delete;
  signal_block& operator=(const signal_block&) = delete;
  ~signal_block() { ::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

  const sigset_t& former() const noexcept { return former_; }

 private:
  sigset_t former_;
};

// Blocks SIGPIPE for the thread and takes away the one that a write in here has raised (write has
// no flag for it before Linux 6.18, and the disposition of the process is not ours to change). One
// that was pending before stays.
class no_sigpipe {
 public:
  no_sigpipe() noexcept : blocked_{SIGPIPE} {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  }
  no_sigpipe(const no_sigpipe&) = delete;
  no_sigpipe& operator=(const no_sigpipe&) = delete;
  ~no_sigpipe() {
    if (was_pending_) return;
    int saved = errno;
    sigset_t pipe = signal_set({SIGPIPE});
    timespec at_once{0, 0};
    while (::sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {}
    errno = saved;
  }

 private:
  signal_block blocked_;
  bool was_pending_;
};

// Ends the process as `signal` would have: the shell sees 128 + signal.
[[noreturn]] inline void die_by(int signal) noexcept {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  sigset_t set = signal_set({signal});
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

}  // namespace kettle::inline KETTLE_ABI::sys
