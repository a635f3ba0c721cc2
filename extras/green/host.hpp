#pragma once
// A loop of kettle's whose fibers may wait in libc: the program linked this library and the loop's
// side of it (loop_host.cpp), which tells it here what a wait is.
//
//   if (may_park()) ... wait_in_host(fds, count, until, waits::obey_scope, "recv")
//
// Such fibers share their thread's control block. A coroutine cannot park: it is reported, and
// blocks.
// Threads: any; each call is about the caller's own.

#include "green/scheduler.hpp"

#include <poll.h>

namespace kettle::inline KETTLE_ABI::green {

enum class waits { obey_scope, to_the_end };

// Somebody of a loop who waits for an address. He is claimed while the lot's lock is held, and
// woken after it, once, by the same thread.
struct host_wait {
  virtual bool claim() noexcept = 0;  // false: it has ended already
  virtual void unpark() noexcept = 0;
  host_wait* next = nullptr;  // of those claimed together

 protected:
  ~host_wait() = default;
};
// Where he says how he is woken, and, unless that has happened, that he is gone: null. False: he
// was taken out already.
struct host_desk {
  virtual bool publish(host_wait* w) noexcept = 0;

 protected:
  ~host_desk() = default;
};

struct host {
  // Whether the caller is a fiber or coroutine of a loop, and not in the midst of a wait of its
  // own.
  bool (*can_park)() noexcept;
  // Waits until one of `fds` would be reported by poll() (there may be none), or `until`. 0: one
  // is; EAGAIN: it is `until`; ECANCELED: the scope was cancelled; ETIMEDOUT: by its deadline.
  int (*wait)(pollfd* fds, unsigned long count, nanoseconds until, waits how,
              const char* what) noexcept;
  // Parks until unpark() or `until`, whatever becomes of the scope. hopeless, if it `can_fail`:
  // the run found itself in a deadlock, and this wait was chosen to end it.
  wake (*park)(host_desk& desk, nanoseconds until, const char* what, bool can_fail) noexcept;
  // Counts this library's own threads that have nothing to do.
  atomic<int>* threads_at_rest;
};

extern atomic<const host*> present_host [[gnu::visibility("hidden")]];

// Set once, before main(): relaxed.
inline bool in_host() noexcept {
  const host* h = present_host.load(relaxed);
  return h && h->can_park();
}
// A signal handler that finds the scheduler at work calls plainly.
inline bool may_park() noexcept { return self ? !here.busy : in_host(); }

inline int wait_in_host(pollfd* fds, unsigned long count, nanoseconds until, waits how,
                        const char* what) noexcept {
  return present_host.load(relaxed)->wait(fds, count, until, how, what);
}

extern "C" __attribute__((visibility("default"))) void kettle_green_attach(const host* h) noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
