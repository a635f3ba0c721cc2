#pragma once
// SIGINT and SIGTERM while a run is alive: they go to whoever waits for ctrl_c(), else they cancel
// the run's root.
//
//   run_signals mine(root, home);        // until it goes
//   if (int signal = mine.cancelled_by()) end_by_signal(signal);
//
// A signal that the home does not look at for the run's grace is reported by who then gets a second
// look (run_look.hpp).
//
// Of all runs alive at once the oldest receives the signals; when it ends, the next one does. Only
// signals whose action was the default are taken over, and they get it back with the last run. The
// handler touches lock-free atomics and posts a mail, nothing else; everything is decided where the
// mail arrives. Threads: an object belongs to its home's thread; handlers run on any.

#include "core/home.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/core/mail.hpp>
#include <kettle/core/nursery.hpp>

#include <csignal>
#include <cstdint>

namespace kettle::inline KETTLE_ABI::detail {

class run_signals : private mail {
 public:
  run_signals(nursery& root, home& at, duration grace);
  ~run_signals();
  run_signals(const run_signals&) = delete;
  run_signals& operator=(const run_signals&) = delete;

  // The signal that has cancelled the root, or 0.
  int cancelled_by() const noexcept { return cancelled_by_.load(relaxed); }
  // A signal has come that its home has not looked at. Async-signal-safe, as those below.
  bool is_unheard() const noexcept { return posted_.load(relaxed); }
  duration grace() const noexcept { return grace_; }
  // Whether SIGINT and SIGTERM come to runs.
  static bool are_owned() noexcept;

 private:
  static void on_signal(int signal, siginfo_t* about, void*) noexcept;
  static void deliver(mail& m) noexcept;
  void arrived(int signal) noexcept;
  void post_note() noexcept;
  void decide() noexcept;

  nursery& root_;
  home& at_;
  const duration grace_;
  run_signals* next_ = nullptr;          // the younger runs
  atomic<bool> posted_{false};           // the note is on its way
  atomic<std::int64_t> first_at_ns_{0};  // when the signal came that nobody waited for
  atomic<int> cancelled_by_{0};
  bool closing_ = false;
};

// Ends the process as the signal would have ended it: the shell sees 128 + signal.
[[noreturn]] void end_by_signal(int signal);

}  // namespace kettle::inline KETTLE_ABI::detail
