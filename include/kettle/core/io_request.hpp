#pragma once
// One system call that may have to wait, handed to a loop's back end.
//
//   io_request r{.kind = io_kind::recv, .fd = fd, .data = buf, .size = n, .done = on_done};
//   backend.submit(r);  // r.done(r) runs later, from backend.poll(), on the same thread
//
// Lifetime: the request and its buffer belong to the kernel from submit() until done() has run;
// cancel() only asks, done() still comes (result -ECANCELED, or the real result when it was
// faster). Threads: submit, cancel, poll and done all happen on the home's own thread.

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

enum class io_kind : std::uint8_t {
  recv,     // data, size -> bytes; 0 at the end of the stream
  send,     // data, size -> bytes taken by the kernel (never raises SIGPIPE)
  accept,   // -> the new descriptor (close-on-exec)
  connect,  // data = sockaddr, size = its length -> 0
  read,     // data, size, offset (-1: the current position) -> bytes; pipes and terminals
  write,    // the same
  poll,     // flags = POLLIN | POLLOUT ... -> the ready events
};

struct io_request {
  using handler = void (*)(io_request&) noexcept;

  io_kind kind = io_kind::poll;
  int fd = -1;
  void* data = nullptr;
  std::size_t size = 0;
  std::int64_t offset = -1;
  std::uint32_t flags = 0;
  int result = 0;  // >= 0, or -errno; valid from the moment done() runs
  handler done = nullptr;
  io_request* next = nullptr;  // the back end's own links
  io_request* prev = nullptr;
  std::uint64_t mark = 0;  // the back end's own
};

}  // namespace kettle::inline KETTLE_ABI
