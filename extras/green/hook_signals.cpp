// Waiting for signals: for blocked ones a descriptor tells when one is there, and what waits for a
// handler is interrupted by it.

#include "green/handlers.hpp"
#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<int(const sigset_t*, siginfo_t*, const timespec*)> next_sigtimedwait{"sigtimedwait"};
libc_function<int(const sigset_t*, siginfo_t*)> next_sigwaitinfo{"sigwaitinfo"};
libc_function<int(const sigset_t*, int*)> next_sigwait{"sigwait"};
libc_function<int()> next_pause{"pause"};
libc_function<int(const sigset_t*)> next_sigsuspend{"sigsuspend"};

constexpr long bytes_of_mask = 8;  // the kernel's

struct signal_descriptor {
  int fd;
  explicit signal_descriptor(const sigset_t* set)
      : fd(int(sys::raw_call(SYS_signalfd4, -1, set, bytes_of_mask, SFD_CLOEXEC))) {}
  ~signal_descriptor() { sys::raw_close(fd); }
};

int wait_for(const sigset_t* set, siginfo_t* info, nanoseconds until) {
  constexpr timespec at_once{};
  test_cancel();
  for (;;) {
    int number = next_sigtimedwait(set, info, &at_once);
    if (number >= 0 || errno != EAGAIN || monotonic_now() >= until) return number;
    signal_descriptor coming(set);
    int failed = coming.fd < 0 ? -coming.fd : wait_fd(coming.fd, POLLIN, until, "sigwait");
    if (failed && failed != EAGAIN) return int(as_libc(-failed));
  }
}

// A loop's fiber is not told of handlers: it blocks.
bool may_be_interrupted() noexcept { return self && may_park(); }

int wait_for_handler(const sigset_t* mask) {
  struct from_outside {  // what ends it comes from outside: no deadlock
    from_outside() noexcept { here.outside++; }
    ~from_outside() { here.outside--; }
  } wakes;
  return int(as_libc(under_mask(
      mask, never, [](nanoseconds until) { return -sleep_until(until, "a signal handler"); })));
}

}  // namespace

KETTLE_GREEN_HOOK int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  if (!may_park()) return next_sigtimedwait(set, info, timeout);
  return wait_for(set, info, timeout ? after(duration_of(*timeout)) : never);
}
KETTLE_GREEN_HOOK int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  return may_park() ? wait_for(set, info, never) : next_sigwaitinfo(set, info);
}
KETTLE_GREEN_HOOK int sigwait(const sigset_t* set, int* number) {
  if (!may_park()) return next_sigwait(set, number);
  do *number = wait_for(set, nullptr, never);
  while (*number < 0 && errno == EINTR);
  return *number < 0 ? errno : 0;
}

KETTLE_GREEN_HOOK int sigsuspend(const sigset_t* mask) {
  return may_be_interrupted() ? wait_for_handler(mask) : next_sigsuspend(mask);
}
KETTLE_GREEN_HOOK int pause() {
  return may_be_interrupted() ? wait_for_handler(nullptr) : next_pause();
}
