#pragma once
// A counter with a descriptor: what wakes a thread that waits in epoll or io_uring.
//
//   sys::event_fd bell;                // non-blocking, close-on-exec
//   bell.ring();                       // any thread, async-signal-safe
//   bell.take();                       // how often it was rung since the last take; 0: not
//
// Threads: any.

#include "sys/fd.hpp"

#include <cstdint>

#include <sys/eventfd.h>

namespace kettle::inline KETTLE_ABI::sys {

// Rings one that somebody else owns.
inline void ring_event(int fd) noexcept {
  int saved = errno;
  std::uint64_t one = 1;
  // The only failure is EAGAIN, a counter near 2^64: then it is readable anyhow.
  [[maybe_unused]] ssize_t n = ::write(fd, &one, sizeof one);
  errno = saved;
}

class event_fd {
 public:
  event_fd() noexcept : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  explicit operator bool() const noexcept { return bool(fd_); }
  int get() const noexcept { return fd_.get(); }
  int error() const noexcept { return fd_.error(); }

  void ring() const noexcept { ring_event(fd_.get()); }
  std::uint64_t take() const noexcept {
    std::uint64_t count = 0;
    return ::read(fd_.get(), &count, sizeof count) == ssize_t(sizeof count) ? count : 0;
  }

 private:
  unique_fd fd_;
};

}  // namespace kettle::inline KETTLE_ABI::sys
