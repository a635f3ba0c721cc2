#include <kettle/base/error.hpp>
#include <kettle/io/pipe.hpp>

#include "io/stream_state.hpp"
#include "sys/file.hpp"

#include <poll.h>

namespace kettle::inline KETTLE_ABI {

std::pair<stream, stream> make_pipe() {
  sys::pipe_ends ends;
  if (int r = sys::make_pipe(ends); r < 0) throw_io_error(-r, "pipe", "");
  sys::make_non_blocking(ends.read.get());
  sys::make_non_blocking(ends.write.get());
  stream out = detail::make_plain_stream(ends.read.release(), "a pipe");
  return {std::move(out), detail::make_plain_stream(ends.write.release(), "a pipe")};
}

ready_operation::ready_operation(int descriptor, std::uint32_t events) noexcept
    : operation(io_kind::poll) {
  fd = descriptor;
  flags = events;
}

void ready_operation::finish() const {
  if (was_closed()) throw closed_resource("the descriptor was closed while somebody waited for it");
  if (result < 0) throw_io_error(-result, "poll", "descriptor " + std::to_string(fd));
}

ready_operation readable(int fd) noexcept { return {fd, POLLIN}; }
ready_operation writable(int fd) noexcept { return {fd, POLLOUT}; }

}  // namespace kettle::inline KETTLE_ABI
