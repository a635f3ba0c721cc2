#pragma once
// Threads of our own: started with every signal blocked, so that a process-directed one goes to the
// program's.
//
//   sys::thread_handle t;
//   if (int error = sys::start_thread(t, body, argument)) ...    // 0 or an errno value
//   sys::join_thread(t);

#include <kettle/base/seam.hpp>

#include <csignal>
#include <initializer_list>

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

using thread_handle = pthread_t;

inline int start_thread(thread_handle& out, void* (*body)(void*), void* argument) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring())
      return kettle::detail::seam::start_thread(out, body, argument);
  sigset_t all, before;
  sigfillset(&all);
  // What the thread itself does wrong must still reach a handler or kill the process with the right
  // signal.
  for (int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, s);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the new thread
  int error = ::pthread_create(&out, nullptr, body, argument);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}
inline void join_thread(thread_handle t) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::join_thread(t);
  ::pthread_join(t, nullptr);
}
inline void detach_thread(thread_handle t) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::detach_thread(t);
  ::pthread_detach(t);
}
inline thread_handle this_thread() noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::this_thread();
  return ::pthread_self();
}

// The kernel's number of the calling thread, as ps and /proc show it, and its name there.
inline int thread_id() noexcept { return ::gettid(); }
struct short_name {
  char text[16] = {};
};
inline short_name thread_name() noexcept {
  short_name n;
  ::prctl(PR_GET_NAME, n.text);
  return n;
}
inline void name_thread(const char* name) noexcept { ::prctl(PR_SET_NAME, name); }  // cut at 15

// Ends a blocking system call of t with EINTR, while t is `interruptible` (sys/interrupts.hpp). t
// must not have been joined.
inline constexpr int interrupt_signal = SIGURG;  // ignored by default: a late one harms nobody
inline void interrupt_thread(thread_handle t) noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::interrupt_thread(t);
  ::pthread_kill(t, interrupt_signal);
}

}  // namespace kettle::inline KETTLE_ABI::sys
