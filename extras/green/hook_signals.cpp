// Waiting for blocked signals: a descriptor tells when one is there.

#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <signal.h>
#include <sys/signalfd.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<int(const sigset_t*, siginfo_t*, const timespec*)> next_sigtimedwait{"sigtimedwait"};
libc_function<int(const sigset_t*, siginfo_t*)> next_sigwaitinfo{"sigwaitinfo"};
libc_function<int(const sigset_t*, int*)> next_sigwait{"sigwait"};

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
