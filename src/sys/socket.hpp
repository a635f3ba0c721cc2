#pragma once
// Sockets, never waiting: calls that would have to wait return -EAGAIN (connect: -EINPROGRESS).
//
//   int fd = sys::open_socket(AF_INET, SOCK_STREAM);      // close-on-exec, non-blocking
//   int n = sys::recv_now(fd, buffer, size);              // bytes, 0 at the end, -EAGAIN
//
// Descriptors that others made are never switched to non-blocking: their owner may share them with
// programs that would not expect it. So each call says itself that it does not want to wait.
// Threads: any.

#include "sys/fd.hpp"

#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI::sys {

// The kernel moves no more than this in one call; a result fits into an int.
constexpr std::size_t one_transfer(std::size_t size) noexcept {
  constexpr std::size_t most = 0x7ffff000;
  return size < most ? size : most;
}

inline int open_socket(int domain, int type) noexcept {
  return int(result_of(::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
}
inline int bind_socket(int fd, const void* address, std::uint32_t size) noexcept {
  return int(result_of(::bind(fd, static_cast<const sockaddr*>(address), size)));
}
inline int listen_socket(int fd, int backlog) noexcept {
  return int(result_of(::listen(fd, backlog)));
}
inline int local_address(int fd, void* address, std::uint32_t* size) noexcept {
  return int(result_of(::getsockname(fd, static_cast<sockaddr*>(address), size)));
}
inline int peer_address(int fd, void* address, std::uint32_t* size) noexcept {
  return int(result_of(::getpeername(fd, static_cast<sockaddr*>(address), size)));
}
inline int set_option(int fd, int level, int name, int value) noexcept {
  return int(result_of(::setsockopt(fd, level, name, &value, sizeof value)));
}
inline int shutdown_socket(int fd, int how) noexcept { return int(result_of(::shutdown(fd, how))); }

// The events that are there now (POLLERR, POLLHUP and POLLNVAL unasked), 0: none.
inline int ready_now(int fd, short events) noexcept {
  pollfd p{fd, events, 0};
  int r;
  do {
    r = int(result_of(::poll(&p, 1, 0)));
  } while (r == -EINTR);
  return r > 0 ? int(static_cast<unsigned short>(p.revents)) : r;
}
inline bool is_non_blocking(int fd) noexcept {
  int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

inline int recv_now(int fd, void* data, std::size_t size) noexcept {
  ssize_t n;
  do {
    n = result_of(::recv(fd, data, one_transfer(size), MSG_DONTWAIT));
  } while (n == -EINTR);
  return int(n);
}
inline int send_now(int fd, const void* data, std::size_t size) noexcept {
  ssize_t n;
  do {
    n = result_of(::send(fd, data, one_transfer(size), MSG_DONTWAIT | MSG_NOSIGNAL));
  } while (n == -EINTR);
  return int(n);
}

// The new descriptor is close-on-exec and non-blocking. accept has no flag against waiting: a
// listener that blocks is asked first (a client that goes away in between could make it wait; ours
// never block).
inline int accept_now(int fd) noexcept {
  if (!is_non_blocking(fd) && ready_now(fd, POLLIN) == 0) return -EAGAIN;
  for (;;) {
    int r = int(result_of(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
    // accept(2): what befell one connection on its way is no error of the listener: take the next.
    if (r != -EINTR && r != -ECONNABORTED && r != -EPROTO) return r;
  }
}

// 0, -EINPROGRESS: connect_result() tells when the socket is writable. Only for sockets of
// open_socket().
inline int connect_now(int fd, const void* address, std::uint32_t size) noexcept {
  if (!is_non_blocking(fd)) return ::fcntl(fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
  int r = int(result_of(::connect(fd, static_cast<const sockaddr*>(address), size)));
  return r == -EINTR || r == -EALREADY ? -EINPROGRESS : r == -EISCONN ? 0 : r;
}
inline int connect_result(int fd) noexcept {
  int ready = ready_now(fd, POLLOUT);
  if (ready == 0) return -EINPROGRESS;
  int error = 0;
  socklen_t size = sizeof error;
  int r = int(result_of(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size)));
  return r < 0 ? r : -error;
}

}  // namespace kettle::inline KETTLE_ABI::sys
