#pragma once
// SIGINT and SIGTERM while a run is alive: they go to whoever waits for ctrl_c(), else they cancel
// the run's root.
//
//   run_signals mine(root, home);        // until it goes
//   if (int signal = mine.cancelled_by()) end_by_signal(signal);
//
// Of all runs alive at once the oldest receives the signals; when it ends, the next one does. Only
// signals whose action was the default are taken over, and they get it back with the last run. The
// handler touches lock-free atomics and posts a mail, nothing else; everything is decided where the
// mail arrives. Threads: an object belongs to its home's thread; handlers run on any.

#include "core/home.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/core/mail.hpp>
#include <kettle/core/nursery.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI::detail {

class run_signals : private mail {
 public:
  run_signals(nursery& root, home& at);
  ~run_signals();
  run_signals(const run_signals&) = delete;
  run_signals& operator=(const run_signals&) = delete;

  // The signal that has cancelled the root, or 0.
  int cancelled_by() const noexcept { return cancelled_by_.load(relaxed); }

 private:
  static void on_signal(int signal) noexcept;
  static void deliver(mail& m) noexcept;
  void arrived(int signal) noexcept;
  void post_note() noexcept;
  void decide() noexcept;

  nursery& root_;
  home& at_;
  run_signals* next_ = nullptr;          // the younger runs
  atomic<bool> posted_{false};           // the note is on its way
  atomic<std::int64_t> first_at_ns_{0};  // when the signal came that nobody waited for
  atomic<int> cancelled_by_{0};
  bool closing_ = false;
};

// Ends the process as the signal would have ended it: the shell sees 128 + signal.
[[noreturn]] void end_by_signal(int signal);

}  // namespace kettle::inline KETTLE_ABI::detail
