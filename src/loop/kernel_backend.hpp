#pragma once
// What io_uring and epoll have in common: the calls of a descriptor's life go to the kernel, and a
// bell wakes the thread that waits.

#include "core/backend.hpp"
#include "sys/eventfd.hpp"
#include "sys/socket.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/atomic.hpp>

namespace kettle::inline KETTLE_ABI {

class kernel_backend : public backend {
 public:
  // Closes a descriptor that another back end may have made. What that one knows of the number is
  // then of an earlier life, as it can tell by the count.
  static int close_foreign(int fd) noexcept {
    foreign_closes.fetch_add(1, relaxed);  // first: by closing, the number can be given out again
    return sys::close_fd(fd);
  }

  ~kernel_backend() override { KETTLE_ASSERT(pending_ == 0, "a request outlived its back end"); }

  std::size_t pending() const noexcept override { return pending_; }
  void wake() noexcept override {
    // One system call a sleep, however many wake. acq_rel: the ones that find it rung hand what
    // they wrote before to the sleeper as well, through the chain of exchanges on this word.
    if (!rung_.exchange(true, acq_rel)) bell_.ring();
  }
  int bind(int fd, const void* address, std::uint32_t size) noexcept override {
    return sys::bind_socket(fd, address, size);
  }
  int listen(int fd, int backlog) noexcept override { return sys::listen_socket(fd, backlog); }
  int local_address(int fd, void* address, std::uint32_t* size) noexcept override {
    return sys::local_address(fd, address, size);
  }
  int peer_address(int fd, void* address, std::uint32_t* size) noexcept override {
    return sys::peer_address(fd, address, size);
  }
  int set_option(int fd, int level, int name, int value) noexcept override {
    return sys::set_option(fd, level, name, value);
  }
  int shutdown(int fd, int how) noexcept override { return sys::shutdown_socket(fd, how); }

 protected:
  static inline atomic<std::uint32_t> foreign_closes{0};

  // Emptied before the flag falls: a ring in between is lost only if its ringer found the flag
  // still up, and then the poll() that is just returning is its wake-up.
  void hush() noexcept {
    bell_.take();
    rung_.exchange(false, acq_rel);
  }
  sys::event_fd bell_;
  std::size_t pending_ = 0;

 private:
  atomic<bool> rung_{false};
};

}  // namespace kettle::inline KETTLE_ABI
