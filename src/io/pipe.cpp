#include <kettle/base/error.hpp>
#include <kettle/io/pipe.hpp>

#include "io/stream_state.hpp"
#include "sys/file.hpp"

namespace kettle::inline KETTLE_ABI {

std::pair<stream, stream> make_pipe() {
  sys::pipe_ends ends;
  if (int r = sys::make_pipe(ends); r < 0) throw_io_error(-r, "pipe", "");
  sys::make_non_blocking(ends.read.get());
  sys::make_non_blocking(ends.write.get());
  stream out = detail::make_plain_stream(ends.read.release(), "a pipe");
  return {std::move(out), detail::make_plain_stream(ends.write.release(), "a pipe")};
}

}  // namespace kettle::inline KETTLE_ABI
