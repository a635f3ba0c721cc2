#pragma once
// SIGQUIT while a run is alive: every home prints its tasks, and the program goes on; a second one
// within a second ends the process by the signal's default action, with a core. And the second
// look: who has not answered 100 ms later is named by the handler itself, for there may be nobody
// else.
//
//   look_begins(handler, signal);     // that signal may be used to come back; 0: there is none
//   look_now();                       // in the handler
//
// Everything that is called in the handler is async-signal-safe: it takes no lock that it would
// have to wait for, allocates nothing, and writes with write(2). Threads: handlers run on any, two
// of them maybe at once.

#include <kettle/base/clock.hpp>

#include <csignal>

namespace kettle::inline KETTLE_ABI::detail {

// With the oldest run and with the last one, under the lock of the runs. SIGQUIT is taken over only
// where its action is the default.
void look_begins(void (*handler)(int, siginfo_t*, void*), int signal) noexcept;
void look_ends() noexcept;

// In the handler.
bool is_second_look(const siginfo_t& about) noexcept;
void look_now() noexcept;
// A signal has come for a run: if its home has not even looked at it after the run's grace, so much
// is said, with the tasks.
void look_if_unheard(duration grace) noexcept;
void look_again(bool unheard) noexcept;

// It has looked.
void look_heard() noexcept;

}  // namespace kettle::inline KETTLE_ABI::detail
