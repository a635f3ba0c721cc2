#pragma once
// A set of descriptors whose readiness is waited for at once.
//
//   sys::epoll set;
//   set.add(fd, EPOLLIN | EPOLLET, data);
//   epoll_event ready[64];
//   int n = set.wait(ready, 64, deadline);
//
// Threads: any, but one waits. A descriptor must be removed before it is closed if a copy of it may
// be open elsewhere (a forked child): otherwise the set goes on reporting it.

#include "sys/fd.hpp"
#include "sys/time.hpp"

#include <cstdint>

#include <sys/epoll.h>
#include <sys/syscall.h>

namespace kettle::inline KETTLE_ABI::sys {

class epoll {
 public:
  epoll() noexcept : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}

  explicit operator bool() const noexcept { return bool(fd_); }
  int get() const noexcept { return fd_.get(); }
  int error() const noexcept { return fd_.error(); }

  int add(int fd, std::uint32_t events, std::uint64_t data) const noexcept {
    return control(EPOLL_CTL_ADD, fd, events, data);
  }
  // Also makes an edge-triggered entry report again what is ready now.
  int change(int fd, std::uint32_t events, std::uint64_t data) const noexcept {
    return control(EPOLL_CTL_MOD, fd, events, data);
  }
  int remove(int fd) const noexcept { return control(EPOLL_CTL_DEL, fd, 0, 0); }

  // How many are ready; 0 at `until`; -EINTR.
  int wait(epoll_event* ready, int room, time_point until) noexcept {
    if (until == never) return int(result_of(::epoll_wait(fd_.get(), ready, room, -1)));
    duration left = until == always ? duration(0) : time_left(monotonic_now(), until);
    if (left == duration(0)) return int(result_of(::epoll_wait(fd_.get(), ready, room, 0)));
    if (!coarse_) {
      timespec t = to_timespec(left);
      long r = result_of(::syscall(SYS_epoll_pwait2, fd_.get(), ready, room, &t, nullptr, 0));
      if (r != -ENOSYS && r != -EPERM)
        return int(r);  // before 5.11, or a filter that does not know it
      coarse_ = true;
    }
    return int(result_of(::epoll_wait(fd_.get(), ready, room, whole_ms(left))));
  }

  // Rounded up, so that a wait never ends before its time; a very long one ends early.
  static int whole_ms(duration d) noexcept {
    constexpr long longest = 1'000'000'000;
    long ms = (d.count() + 999'999) / 1'000'000;
    return int(ms < longest ? ms : longest);
  }
  void use_coarse_timeouts() noexcept { coarse_ = true; }  // as on an old kernel

 private:
  int control(int op, int fd, std::uint32_t events, std::uint64_t data) const noexcept {
    epoll_event e{};
    e.events = events;
    e.data.u64 = data;
    return int(result_of(::epoll_ctl(fd_.get(), op, fd, &e)));
  }

  unique_fd fd_;
  bool coarse_ = false;
};

}  // namespace kettle::inline KETTLE_ABI::sys
