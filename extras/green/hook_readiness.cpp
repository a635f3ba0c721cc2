// poll, select and epoll: what the kernel says at once, or a park until one of them is ready.

#include "green/handlers.hpp"
#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <cstring>

#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<int(pollfd*, nfds_t, int)> next_poll{"poll"};
libc_function<int(pollfd*, nfds_t, const timespec*, const sigset_t*)> next_ppoll{"ppoll"};
libc_function<int(int, fd_set*, fd_set*, fd_set*, timeval*)> next_select{"select"};
libc_function<int(int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*)> next_pselect{
    "pselect"};
libc_function<int(int, epoll_event*, int, int, const sigset_t*)> next_epoll_pwait{"epoll_pwait"};
libc_function<int(int, epoll_event*, int, const timespec*, const sigset_t*)> next_epoll_pwait2{
    "epoll_pwait2"};

nanoseconds moment_after(const timespec* t) noexcept { return t ? after(duration_of(*t)) : never; }

short wanted(int fd, const fd_set* in, const fd_set* out, const fd_set* except) noexcept {
  short events = 0;
  if (in && FD_ISSET(fd, in)) events |= POLLIN;
  if (out && FD_ISSET(fd, out)) events |= POLLOUT;
  if (except && FD_ISSET(fd, except)) events |= POLLPRI;
  return events;
}

int select_until(int count, fd_set* in, fd_set* out, fd_set* except, nanoseconds until) {
  if (count < 0 || count > FD_SETSIZE) return -EINVAL;
  pollfd fds[FD_SETSIZE];
  unsigned long used = 0;
  for (int fd = 0; fd < count; fd++)
    if (short events = wanted(fd, in, out, except)) fds[used++] = {fd, events, 0};
  int r = wait_fds(fds, used, until);
  if (r < 0) return r;
  for (unsigned long i = 0; i < used; i++)
    if (fds[i].revents & POLLNVAL) return -EBADF;
  if (in) FD_ZERO(in);
  if (out) FD_ZERO(out);
  if (except) FD_ZERO(except);
  int bits = 0;
  for (unsigned long i = 0; i < used; i++) {
    auto mark = [&](fd_set* set, short asked, short found) {
      if (!(fds[i].events & asked) || !(fds[i].revents & found)) return;
      FD_SET(fds[i].fd, set);
      bits++;
    };
    mark(in, POLLIN, POLLIN | POLLHUP | POLLERR);
    mark(out, POLLOUT, POLLOUT | POLLERR);
    mark(except, POLLPRI, POLLPRI);
  }
  return bits;
}

int epoll_until(int fd, epoll_event* events, int most, nanoseconds until) {
  test_cancel();
  for (;;) {
    long r = sys::raw_call(SYS_epoll_pwait, fd, events, most, 0, 0L, 8L);
    if (r != 0) {
      count_success();
      return int(r);
    }
    if (until != never && monotonic_now() >= until) {
      give_way();
      return 0;
    }
    int failed = wait_fd(fd, POLLIN, until, "epoll_wait");
    if (failed && failed != EAGAIN) return -failed;
  }
}

}  // namespace

KETTLE_GREEN_HOOK int poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (!may_park()) return next_poll(fds, count, timeout_ms);
  return int(as_libc(wait_fds(fds, count, after_ms(timeout_ms))));
}
KETTLE_GREEN_HOOK int __poll(pollfd* fds, nfds_t count, int timeout_ms) {
  return poll(fds, count, timeout_ms);
}
KETTLE_GREEN_HOOK int __poll_chk(pollfd* fds, nfds_t count, int timeout_ms, size_t room) {
  if (room / sizeof *fds < count) __builtin_trap();
  return poll(fds, count, timeout_ms);
}

KETTLE_GREEN_HOOK int ppoll(pollfd* fds, nfds_t count, const timespec* timeout,
                            const sigset_t* mask) {
  if (!may_park()) return next_ppoll(fds, count, timeout, mask);
  return int(as_libc(under_mask(mask, moment_after(timeout),
                                [=](nanoseconds until) { return wait_fds(fds, count, until); })));
}
KETTLE_GREEN_HOOK int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* timeout,
                                  const sigset_t* mask, size_t room) {
  if (room / sizeof *fds < count) __builtin_trap();
  return ppoll(fds, count, timeout, mask);
}

KETTLE_GREEN_HOOK int select(int count, fd_set* in, fd_set* out, fd_set* except, timeval* timeout) {
  if (!may_park()) return next_select(count, in, out, except, timeout);
  nanoseconds until = never;
  if (timeout) until = after(timeout->tv_sec * 1'000'000'000 + timeout->tv_usec * 1000);
  int r = select_until(count, in, out, except, until);
  if (timeout) {  // Linux tells what is left
    timespec left = timespec_of(until - monotonic_now());
    *timeout = {left.tv_sec, left.tv_nsec / 1000};
  }
  return int(as_libc(r));
}
KETTLE_GREEN_HOOK int __select(int count, fd_set* in, fd_set* out, fd_set* except,
                               timeval* timeout) {
  return select(count, in, out, except, timeout);
}

KETTLE_GREEN_HOOK int pselect(int count, fd_set* in, fd_set* out, fd_set* except,
                              const timespec* timeout, const sigset_t* mask) {
  if (!may_park()) return next_pselect(count, in, out, except, timeout, mask);
  return int(as_libc(under_mask(mask, moment_after(timeout), [=](nanoseconds until) {
    return select_until(count, in, out, except, until);
  })));
}

KETTLE_GREEN_HOOK int epoll_pwait(int fd, epoll_event* events, int most, int timeout_ms,
                                  const sigset_t* mask) {
  if (!may_park()) return next_epoll_pwait(fd, events, most, timeout_ms, mask);
  return int(as_libc(under_mask(mask, after_ms(timeout_ms), [=](nanoseconds until) {
    return epoll_until(fd, events, most, until);
  })));
}
KETTLE_GREEN_HOOK int epoll_wait(int fd, epoll_event* events, int most, int timeout_ms) {
  return epoll_pwait(fd, events, most, timeout_ms, nullptr);
}
KETTLE_GREEN_HOOK int epoll_pwait2(int fd, epoll_event* events, int most, const timespec* timeout,
                                   const sigset_t* mask) {
  if (!may_park()) return next_epoll_pwait2(fd, events, most, timeout, mask);
  return int(as_libc(under_mask(mask, moment_after(timeout), [=](nanoseconds until) {
    return epoll_until(fd, events, most, until);
  })));
}
