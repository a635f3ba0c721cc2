#pragma once
// A pair of sockets that keep the borders of what is sent: one packet in, one packet out.
//
//   sys::packet_pair p;
//   sys::make_packet_pair(p);
//   sys::send_packet(p.ours.get(), order);              // a trivially copyable object
//   sys::receive_packet(p.theirs.get(), order);         // 1: came, 0: the other end is closed
//
// Threads: any; one reader. Blocking.

#include "sys/fd.hpp"

#include <type_traits>

#include <poll.h>
#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI::sys {

struct packet_pair {
  unique_fd ours, theirs;
};

inline int make_packet_pair(packet_pair& p) noexcept {
  int ends[2];
  int r = int(result_of(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)));
  if (r < 0) return r;
  p.ours.reset(ends[0]);
  p.theirs.reset(ends[1]);
  return 0;
}

namespace detail {
// Interrupted, or the kernel has no memory for so small a thing: there will be some soon.
inline bool is_to_be_tried_again(long r) noexcept {
  return r == -EINTR || ((r == -ENOBUFS || r == -ENOMEM) && ::poll(nullptr, 0, 1) <= 0);
}
}  // namespace detail

template <class T> int send_packet(int fd, const T& packet) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  long r;
  do {
    r = result_of(::send(fd, &packet, sizeof packet, MSG_NOSIGNAL));
  } while (detail::is_to_be_tried_again(r));
  return r < 0 ? int(r) : 0;
}

// 1, 0 when the other end is closed, -EAGAIN when nothing has come, -EPROTO for another size.
template <class T> int receive_packet(int fd, T& packet, bool waits = true) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  long r;
  do {
    r = result_of(::recv(fd, &packet, sizeof packet, MSG_TRUNC | (waits ? 0 : MSG_DONTWAIT)));
  } while (detail::is_to_be_tried_again(r));
  if (r <= 0) return r == -ECONNRESET ? 0 : int(r);
  return r == long(sizeof packet) ? 1 : -EPROTO;
}

}  // namespace kettle::inline KETTLE_ABI::sys
