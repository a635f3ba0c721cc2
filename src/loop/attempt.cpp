#include "loop/attempt.hpp"

#include "sys/socket.hpp"

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr int or_would_wait(int r) noexcept { return r == -EAGAIN ? would_wait : r; }

int attempt_connect(io_request& r) noexcept {
  int result;
  if (r.mark & mark_connecting) {
    result = sys::connect_result(r.fd);
  } else {
    result = sys::connect_now(r.fd, r.data, std::uint32_t(r.size));
    if (result == -EINPROGRESS) r.mark |= mark_connecting;
  }
  // -EAGAIN stays an error: a unix listener's queue is full, and nothing tells when that changes.
  return result == -EINPROGRESS ? would_wait : result;
}

int attempt_poll(io_request& r) noexcept {
  int ready = sys::ready_now(r.fd, short(r.flags));
  if (ready < 0) return ready;
  if (ready & POLLNVAL) return -EBADF;
  return ready == 0 ? would_wait : ready;
}

}  // namespace

int attempt(io_request& r, sys::on_disk files) noexcept {
  switch (r.kind) {
    case io_kind::recv: return or_would_wait(sys::recv_now(r.fd, r.data, r.size));
    case io_kind::send: return or_would_wait(sys::send_now(r.fd, r.data, r.size));
    case io_kind::accept: return or_would_wait(sys::accept_now(r.fd));
    case io_kind::connect: return attempt_connect(r);
    case io_kind::read: return or_would_wait(sys::read_now(r.fd, r.data, r.size, r.offset, files));
    case io_kind::write:
      return or_would_wait(sys::write_now(r.fd, r.data, r.size, r.offset, files));
    case io_kind::poll: return attempt_poll(r);
  }
  return -EINVAL;
}

}  // namespace kettle::inline KETTLE_ABI
