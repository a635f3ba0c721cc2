#pragma once
// A file descriptor that is closed when its owner goes; or the reason why there is none.
//
//   sys::unique_fd fd(::eventfd(0, EFD_CLOEXEC));
//   if (!fd) return -fd.error();
//   read(fd.get(), ...);
//
// Every call of this room follows one rule: a result >= 0, or -errno. A unique_fd made from a libc
// result of -1 keeps errno, made from -errno keeps that.

#include <kettle/base/require.hpp>

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

// The libc convention (-1 and errno) turned into ours.
template <class T> inline T result_of(T r) noexcept { return r == T(-1) ? T(-errno) : r; }

// Linux lets go of the number even when close is interrupted: never retry, another thread may own
// it by then.
inline int close_fd(int fd) noexcept {
  int r = result_of(::close(fd));
  return r == -EINTR ? 0 : r;
}

class unique_fd {
 public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd_or_error) noexcept : fd_(fd_or_error == -1 ? -errno : fd_or_error) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, none));
    return *this;
  }
  ~unique_fd() { reset(); }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  int error() const noexcept { return fd_ < 0 ? -fd_ : 0; }  // an errno value
  int release() noexcept { return std::exchange(fd_, none); }
  void reset(int fd_or_error = none) noexcept {
    int old = std::exchange(fd_, fd_or_error);
    if (old >= 0) {
      int saved = errno;
      close_fd(old);
      errno = saved;
    }
  }

 private:
  static constexpr int none = -EBADF;
  int fd_ = none;
};

}  // namespace kettle::inline KETTLE_ABI::sys
