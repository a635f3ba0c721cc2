#pragma once
// A pipe of the system, and waiting for any descriptor.
//
//   auto [out, in] = make_pipe();                  // what is written to `in` is read from `out`
//   co_await readable(fd);                         // a descriptor of somebody else's; it stays his
//
// Cancellation: as streams. Threads: one at a time.

#include <kettle/io/stream.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

std::pair<stream, stream> make_pipe();  // {to read from, to write to}

// Until a descriptor that can be polled is ready, or will tell an error when it is used.
class KETTLE_WAIT ready_operation : public operation<ready_operation, detail::io_wait> {
 public:
  ready_operation(int descriptor, std::uint32_t events) noexcept;
  bool start() override { return begin_request(); }
  void finish() const;
  const char* what() const noexcept override { return "descriptor"; }
};
ready_operation readable(int fd) noexcept;
ready_operation writable(int fd) noexcept;

}  // namespace kettle::inline KETTLE_ABI
