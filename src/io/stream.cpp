#include <kettle/base/assert.hpp>
#include <kettle/io/stream.hpp>

#include "core/home.hpp"
#include "io/stream_state.hpp"
#include "loop/kernel_backend.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI {

namespace {

std::string how_far(const std::string& object, std::size_t written, std::size_t wanted) {
  return object + " (" + std::to_string(written) + " of " + std::to_string(wanted) +
         " bytes went out)";
}

backend& io_here() { return home::here().io(); }

}  // namespace

write_error::write_error(int error_number, const std::string& object, std::size_t written_bytes,
                         std::size_t wanted)
    : io_error(std::error_code(error_number, std::system_category()), "write",
               how_far(object, written_bytes, wanted)),
      written(written_bytes) {}

namespace detail {

void close_descriptor(int fd) noexcept {
  constexpr int first_simulated = 1 << 24;  // sim_world::first_fd
  home& here = home::here();
  bool simulated = fd >= first_simulated;
  if (here.has_backend() && (here.io().kind() == backend_kind::sim) == simulated)
    here.io().close(fd);
  else if (!simulated)
    kernel_backend::close_foreign(fd);
}

stream_state::~stream_state() { close(); }

void stream_state::close() noexcept {
  for (stream_operation* op : {reader, writer}) {
    if (!op) continue;
    KETTLE_ASSERT(op->who().at_ == &home::here() || exits_here(),
                  "a stream is closed on the thread that waits on it");
    op->state_ = nullptr;
  }
  reader = writer = nullptr;
  if (fd >= 0) close_descriptor(std::exchange(fd, -1));
}

void stream_state_delete::operator()(stream_state* s) const noexcept { delete s; }

stream make_stream(int fd, address peer) {
  if (peer.family() != AF_UNIX) io_here().set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  auto* s = new stream_state;
  s->fd = fd;
  s->peer = peer;
  s->fallback_name = "a stream";
  return stream(s);
}

stream make_stream_of_accepted(int fd) {
  sockaddr_storage raw{};
  std::uint32_t size = sizeof raw;
  // A peer that is gone already has no name any more; the first read will tell.
  address peer =
      io_here().peer_address(fd, &raw, &size) < 0 ? address() : address::from(&raw, size);
  return make_stream(fd, peer);
}

stream make_plain_stream(int fd, const char* name) {
  auto* s = new stream_state;
  s->fd = fd;
  s->is_socket = false;
  s->fallback_name = name;
  return stream(s);
}

bool stream_operation::start() {
  if (!state_ || state_->fd < 0) throw closed_resource("this stream is closed");
  if (reads() ? state_->reader : state_->writer)
    throw busy_resource(std::string(reads() ? "a second reader" : "a second writer") +
                        " on one stream (" + state_->name() + "): one at a time");
  if (!state_->is_socket) kind = reads() ? io_kind::read : io_kind::write;
  fd = state_->fd;
  if (begin_request()) return true;
  (reads() ? state_->reader : state_->writer) = this;
  return false;
}

void stream_operation::ended() noexcept {
  if (state_) (reads() ? state_->reader : state_->writer) = nullptr;
}

void stream_operation::fail(const char* operation) const {
  if (was_closed() || !state_)
    throw closed_resource("this stream was closed while somebody waited on it");
  throw_io_error(-result, operation, state_->name());
}

}  // namespace detail

read_operation::read_operation(detail::stream_state* s, void* bytes, std::size_t n,
                               bool past_buffer) noexcept
    : operation(s, io_kind::recv, bytes, n), past_buffer_(past_buffer) {}

bool read_operation::start() {
  result = 0;
  if (!past_buffer_ && state_ && !state_->reader && state_->buffer && state_->buffer->size() > 0) {
    detail::read_buffer& b = *state_->buffer;
    std::size_t n = std::min(size, b.size());
    std::memcpy(data, b.bytes.get() + b.begin, n);
    b.drop(n);
    result = int(n);
    return true;
  }
  return stream_operation::start();
}

std::size_t read_operation::finish() const {
  if (result < 0) fail("read");
  return std::size_t(result);
}

write_base::write_base(detail::stream_state* s, const void* bytes, std::size_t n, bool all) noexcept
    : stream_operation(s, io_kind::send, const_cast<void*>(bytes), n), wanted_(n), all_(all) {}

void write_base::forget_the_last_one() const noexcept {
  if (state_ && !state_->writer) state_->last_written = 0;
}

bool write_base::start() {
  if (size > 0) return stream_operation::start();
  if (!state_ || state_->fd < 0) throw closed_resource("this stream is closed");
  return true;
}

bool write_base::step() noexcept {
  if (result < 0) return true;
  written_ += std::size_t(result);
  if (state_) state_->last_written = written_;
  data = static_cast<char*>(data) + result;
  size -= std::size_t(result);
  return !all_ || size == 0 || !state_;
}

std::size_t write_base::finish_write() const {
  if (wanted_ == 0) return 0;
  if (result >= 0 && (!all_ || written_ == wanted_)) return written_;
  if (was_closed() || !state_)
    throw closed_resource("this stream was closed while somebody waited on it");
  throw write_error(-result, state_->name(), written_, wanted_);
}

stream stream::adopt(int fd) {
  try {
    io_here();
  } catch (...) {
    detail::close_descriptor(fd);  // it is ours already
    throw;
  }
  sockaddr_storage raw{};
  std::uint32_t size = sizeof raw;
  if (io_here().peer_address(fd, &raw, &size) == -ENOTSOCK)
    return detail::make_plain_stream(fd, "a pipe");
  return detail::make_stream_of_accepted(fd);
}

std::size_t stream::last_written() const noexcept { return state_ ? state_->last_written : 0; }

void stream::shutdown() {
  if (!is_open()) throw closed_resource("this stream is closed");
  int r = state_->is_socket ? io_here().shutdown(state_->fd, SHUT_WR) : 0;
  if (!state_->is_socket) close();  // a pipe's end is one direction
  if (r < 0 && r != -ENOTCONN) throw_io_error(-r, "shutdown", state_->name());
}

void stream::close() noexcept {
  if (state_) state_->close();
}

bool stream::is_open() const noexcept { return state_ && state_->fd >= 0; }

address stream::peer() const { return state_ ? state_->peer : address(); }

address stream::local() const {
  sockaddr_storage raw{};
  std::uint32_t size = sizeof raw;
  if (!is_open() || !state_->is_socket || io_here().local_address(state_->fd, &raw, &size) < 0)
    return {};
  return address::from(&raw, size);
}

}  // namespace kettle::inline KETTLE_ABI
