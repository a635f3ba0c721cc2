// Sockets: each call with MSG_DONTWAIT, so that the socket's own flags stay the user's.

#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <climits>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<ssize_t(int, void*, size_t, int, sockaddr*, socklen_t*)> next_recvfrom{"recvfrom"};
libc_function<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)> next_sendto{
    "sendto"};
libc_function<ssize_t(int, msghdr*, int)> next_recvmsg{"recvmsg"};
libc_function<ssize_t(int, const msghdr*, int)> next_sendmsg{"sendmsg"};
libc_function<int(int, mmsghdr*, unsigned, int, timespec*)> next_recvmmsg{"recvmmsg"};
libc_function<int(int, mmsghdr*, unsigned, int)> next_sendmmsg{"sendmmsg"};
libc_function<int(int, sockaddr*, socklen_t*, int)> next_accept4{"accept4"};
libc_function<int(int, const sockaddr*, socklen_t)> next_connect{"connect"};
libc_function<int(int, int, int, const void*, socklen_t)> next_setsockopt{"setsockopt"};
libc_function<int(int)> next_close{"close"};

bool is_stream(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  return sys::raw_call(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_STREAM;
}

// Repeats unless the caller itself said MSG_DONTWAIT.
template <class Attempt>
long repeat_unless(int flags, int fd, short events, const char* what, limit kind, Attempt attempt) {
  if (flags & MSG_DONTWAIT) {
    count_success();
    return attempt();
  }
  return repeat(fd, events, what, kind, attempt);
}

// A request and its answer, again and again: what was read short leaves nothing to be tried for.
bool is_drained(int fd, int flags) noexcept {
  return self && self->drained == fd && (flags & ~MSG_NOSIGNAL) == 0 && engine_can_receive() &&
         !is_nonblocking(fd);
}
long note_drained(int fd, long got, size_t size) noexcept {
  if (self) self->drained = self->waited_for == fd && got > 0 && size_t(got) < size ? fd : -1;
  return got;
}

long receive(int fd, void* data, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  test_cancel();
  if (!from && is_drained(fd, flags)) {
    long r = receive_when_ready(fd, data, size, flags, "recv");
    if (r != try_first) return note_drained(fd, r, size);
  }
  bool all = (flags & MSG_WAITALL) && !(flags & (MSG_PEEK | MSG_DONTWAIT));
  size_t total = 0;
  for (;;) {
    long r = repeat_unless(flags, fd, POLLIN, "recv", limit::receiving, [&] {
      return sys::raw_call(SYS_recvfrom, fd, static_cast<char*>(data) + total, size - total,
                           flags | MSG_DONTWAIT, from, from_size);
    });
    if (r < 0) return total > 0 ? long(total) : r;
    total += size_t(r);
    if (r == 0 || !all || total >= size || !is_stream(fd))
      return note_drained(fd, long(total), size);
  }
}

long send_all(int fd, const void* data, size_t size, int flags, const sockaddr* to,
              socklen_t to_size) {
  test_cancel();
  size_t total = 0;
  do {
    long r = repeat_unless(flags, fd, POLLOUT, "send", limit::sending, [&] {
      return sys::raw_call(SYS_sendto, fd, static_cast<const char*>(data) + total, size - total,
                           flags | MSG_DONTWAIT, to, to_size);
    });
    if (r < 0) return total > 0 ? long(total) : r;
    total += size_t(r);
  } while (total < size && !(flags & MSG_DONTWAIT));
  return long(total);
}

size_t bytes_of(const msghdr& m) noexcept {
  size_t n = 0;
  for (size_t i = 0; i < m.msg_iovlen; i++) n += m.msg_iov[i].iov_len;
  return n;
}

long send_message(int fd, const msghdr* m, int flags) {
  test_cancel();
  auto once = [&](const msghdr* part) {
    return repeat_unless(flags, fd, POLLOUT, "sendmsg", limit::sending, [&] {
      return sys::raw_call(SYS_sendmsg, fd, part, flags | MSG_DONTWAIT);
    });
  };
  long sent = once(m);
  if (sent < 0 || (flags & MSG_DONTWAIT) || size_t(sent) >= bytes_of(*m)) return sent;
  // The rest, without the control data, which has gone with the first part.
  size_t skip = size_t(sent);
  for (size_t i = 0; i < m->msg_iovlen; i++) {
    const iovec& v = m->msg_iov[i];
    if (skip >= v.iov_len) {
      skip -= v.iov_len;
      continue;
    }
    long r =
        send_all(fd, static_cast<char*>(v.iov_base) + skip, v.iov_len - skip, flags, nullptr, 0);
    if (r < 0) return sent;
    sent += r;
    if (size_t(r) < v.iov_len - skip) return sent;
    skip = 0;
  }
  return sent;
}

// A blocking listener has no call that does not wait: it is asked first, and between the question
// and the call nothing else of this process runs.
long accept_one(int fd, sockaddr* from, socklen_t* size, int flags) {
  test_cancel();
  return repeat(fd, POLLIN, "accept", limit::receiving, [&]() -> long {
    if (!is_ready(fd, POLLIN)) return -EAGAIN;
    return sys::raw_call(SYS_accept4, fd, from, size, flags);
  });
}

// Nor has connect: a send limit of a moment makes it return, and goes on in the kernel.
long connect_one(int fd, const sockaddr* to, socklen_t size) {
  test_cancel();
  if (is_nonblocking(fd)) return sys::raw_call(SYS_connect, fd, to, size);
  nanoseconds until = moment_by(limit::sending, fd);
  timeval old{}, moment{0, 1};
  socklen_t bytes = sizeof old;
  bool is_socket = sys::raw_call(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &old, &bytes) == 0;
  if (!is_socket) return sys::raw_call(SYS_connect, fd, to, size);
  for (;;) {
    sys::raw_call(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    long r = sys::raw_call(SYS_connect, fd, to, size);
    sys::raw_call(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &old, sizeof old);
    if (r == -EAGAIN) {  // a local socket whose listener's line is full
      if (until != never && monotonic_now() >= until) return -EAGAIN;
      int failed = wait_fd(-1, 0, after(1'000'000), "connect");
      if (failed && failed != EAGAIN) return -failed;
      continue;
    }
    if (r != -EINPROGRESS && r != -EALREADY) return r;
    int failed = wait_fd(fd, POLLOUT, until, "connect");
    if (failed) return failed == EAGAIN ? -EINPROGRESS : -failed;
    int error = 0;
    bytes = sizeof error;
    sys::raw_call(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
    return -error;
  }
}

}  // namespace

KETTLE_GREEN_HOOK ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                                   socklen_t* from_size) {
  if (!may_park()) return next_recvfrom(fd, data, size, flags, from, from_size);
  return as_libc(receive(fd, data, size, flags, from, from_size));
}
KETTLE_GREEN_HOOK ssize_t recv(int fd, void* data, size_t size, int flags) {
  return recvfrom(fd, data, size, flags, nullptr, nullptr);
}
KETTLE_GREEN_HOOK ssize_t __recv(int fd, void* data, size_t size, int flags) {
  return recvfrom(fd, data, size, flags, nullptr, nullptr);
}
KETTLE_GREEN_HOOK ssize_t __recv_chk(int fd, void* data, size_t size, size_t room, int flags) {
  if (size > room) __builtin_trap();
  return recvfrom(fd, data, size, flags, nullptr, nullptr);
}
KETTLE_GREEN_HOOK ssize_t __recvfrom_chk(int fd, void* data, size_t size, size_t room, int flags,
                                         sockaddr* from, socklen_t* from_size) {
  if (size > room) __builtin_trap();
  return recvfrom(fd, data, size, flags, from, from_size);
}

KETTLE_GREEN_HOOK ssize_t sendto(int fd, const void* data, size_t size, int flags,
                                 const sockaddr* to, socklen_t to_size) {
  if (!may_park()) return next_sendto(fd, data, size, flags, to, to_size);
  return as_libc(send_all(fd, data, size, flags, to, to_size));
}
KETTLE_GREEN_HOOK ssize_t send(int fd, const void* data, size_t size, int flags) {
  return sendto(fd, data, size, flags, nullptr, 0);
}
KETTLE_GREEN_HOOK ssize_t __send(int fd, const void* data, size_t size, int flags) {
  return sendto(fd, data, size, flags, nullptr, 0);
}

KETTLE_GREEN_HOOK ssize_t recvmsg(int fd, msghdr* m, int flags) {
  if (!may_park()) return next_recvmsg(fd, m, flags);
  test_cancel();
  // The kernel overwrites these with what it found.
  socklen_t name_size = m->msg_namelen;
  size_t control_size = m->msg_controllen;
  return as_libc(repeat_unless(flags, fd, POLLIN, "recvmsg", limit::receiving, [&] {
    m->msg_namelen = name_size;
    m->msg_controllen = control_size;
    return sys::raw_call(SYS_recvmsg, fd, m, flags | MSG_DONTWAIT);
  }));
}

KETTLE_GREEN_HOOK ssize_t sendmsg(int fd, const msghdr* m, int flags) {
  if (!may_park()) return next_sendmsg(fd, m, flags);
  return as_libc(send_message(fd, m, flags));
}

KETTLE_GREEN_HOOK int recvmmsg(int fd, mmsghdr* m, unsigned count, int flags, timespec* timeout) {
  if (!may_park()) return next_recvmmsg(fd, m, count, flags, timeout);
  nanoseconds until = timeout ? after(duration_of(*timeout)) : never;
  unsigned got = 0;
  while (got < count) {
    bool first = got == 0;
    int more = first ? 0 : flags & MSG_WAITFORONE ? MSG_DONTWAIT : 0;
    ssize_t n = recvmsg(fd, &m[got].msg_hdr, (flags & ~MSG_WAITFORONE) | more);
    if (n < 0) return first ? -1 : int(got);
    m[got++].msg_len = unsigned(n);
    if (until != never && monotonic_now() >= until) break;
  }
  return int(got);
}

KETTLE_GREEN_HOOK int sendmmsg(int fd, mmsghdr* m, unsigned count, int flags) {
  if (!may_park()) return next_sendmmsg(fd, m, count, flags);
  for (unsigned i = 0; i < count; i++) {
    ssize_t n = sendmsg(fd, &m[i].msg_hdr, flags);
    if (n < 0) return i == 0 ? -1 : int(i);
    m[i].msg_len = unsigned(n);
  }
  return int(count);
}

KETTLE_GREEN_HOOK int accept4(int fd, sockaddr* from, socklen_t* size, int flags) {
  if (!may_park()) return next_accept4(fd, from, size, flags);
  return int(as_libc(accept_one(fd, from, size, flags)));
}
KETTLE_GREEN_HOOK int accept(int fd, sockaddr* from, socklen_t* size) {
  return accept4(fd, from, size, 0);
}

KETTLE_GREEN_HOOK int connect(int fd, const sockaddr* to, socklen_t size) {
  if (!may_park()) return next_connect(fd, to, size);
  return int(as_libc(connect_one(fd, to, size)));
}
KETTLE_GREEN_HOOK int __connect(int fd, const sockaddr* to, socklen_t size) {
  return connect(fd, to, size);
}

KETTLE_GREEN_HOOK int setsockopt(int fd, int level, int option, const void* value,
                                 socklen_t size) noexcept {
  if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO)) note_socket_limits();
  return next_setsockopt(fd, level, option, value, size);
}

KETTLE_GREEN_HOOK int close(int fd) {
  if (self && !here.busy) engine_closing(fd);
  return next_close(fd);
}
KETTLE_GREEN_HOOK int __close(int fd) { return close(fd); }
