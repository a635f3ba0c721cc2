#pragma once
// The program's signal handlers, and the waits that they end.
//
//   return as_libc(under_mask(mask, until, [&](nanoseconds end) {
//     return wait_fds(fds, n, end);
//   }));
//
// Each handler is called through ours, which tells the scheduler: the main thread's wait ends also
// when the signal came while another thread ran.
// Threads: any; the handler's part is async-signal-safe.

#include "green/fiber.hpp"

#include <cerrno>

#include <signal.h>

namespace kettle::inline KETTLE_ABI::green {

// How often a handler was called, in all.
unsigned handlers_called() noexcept;
// Whether its handler asks for interrupted calls to be begun again.
bool has_restart(int number) noexcept;

// ppoll's mask and its kin's. It holds for the carrier while this fiber waits, so for all: good
// enough for the loop of a program's main thread, which is who uses it. A signal that lay there is
// handled as soon as the mask lets it through, before the wait: then there is no wait.
template <class Wait> int under_mask(const sigset_t* mask, nanoseconds until, Wait wait) {
  if (!mask) return wait(until);
  struct masked {
    sigset_t before;
    explicit masked(const sigset_t* mask) { ::pthread_sigmask(SIG_SETMASK, mask, &before); }
    ~masked() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  };
  unsigned calls = handlers_called();
  masked here(mask);
  bool came = handlers_called() != calls;
  int r = wait(came ? 0 : until);
  return r == 0 && came ? -EINTR : r;
}

}  // namespace kettle::inline KETTLE_ABI::green
