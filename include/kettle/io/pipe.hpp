#pragma once
// A pipe of the system, and waiting for any descriptor.
//
//   auto [out, in] = make_pipe();                  // what is written to `in` is read from `out`
//   co_await readable(fd);                         // somebody else's descriptor; it stays theirs
//   notify_closing(fd), ::close(fd);               // and who waits for it gets closed_resource
//
// Cancellation: as streams. Threads: streams one at a time; descriptors any.

#include <kettle/io/stream.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace detail {
struct descriptor_waits;
}

std::pair<stream, stream> make_pipe();  // {to read from, to write to}

// Until a descriptor that can be polled is ready, or will tell an error when it is used.
class KETTLE_WAIT ready_operation : public operation<ready_operation, detail::io_wait> {
 public:
  ready_operation(int descriptor, std::uint32_t events) noexcept;
  bool start() override;
  void finish() const;
  const char* what() const noexcept override { return "descriptor"; }

 private:
  friend struct detail::descriptor_waits;
  friend ready_operation readable(int fd) noexcept;
  friend ready_operation writable(int fd) noexcept;
  void ended() noexcept override;

  bool alone_ = false;  // in its direction: of readable() or writable()
  bool told_ = false;   // that its descriptor is being closed
  std::uint64_t turn_ = 0;
};
// One at a time waits for a descriptor in a direction, whichever thread it is on: a second one gets
// busy_resource, since of two readers that are woken one would find nothing.
ready_operation readable(int fd) noexcept;
ready_operation writable(int fd) noexcept;

// Call it before closing a descriptor that may be waited for by readable() or writable(): those
// waits end with closed_resource. The system says nothing when a descriptor is closed, and its
// number may soon mean another one. A wait on another thread ends soon afterwards.
void notify_closing(int fd);

}  // namespace kettle::inline KETTLE_ABI
