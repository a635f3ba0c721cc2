#pragma once
// Connecting to somebody.
//
//   stream s = co_await connect("tcp:example.org:80");  // or connect("example.org", 80)
//   stream s = co_await connect("unix:/run/x");         // or "unix:@name", the abstract one
//   stream s = co_await fail_after(2s, connect("tcp:127.0.0.1:7777"));
//
// A name with several addresses: they are tried in resolve()'s order, the next one after 250 ms or
// as soon as one has failed; the first connection wins and the others are closed (RFC 8305). One
// address: its io_error as itself; several, all failed: error_group. Cancellation: nothing stays
// open. Threads: any; the stream belongs to whoever got it.

#include <kettle/io/stream.hpp>

#include <vector>

namespace kettle::inline KETTLE_ABI {

task<stream> connect(std::string where);
task<stream> connect(std::string host, std::uint16_t port);
// The same to addresses already known.
task<stream> connect(std::vector<address> candidates);

// One address, one try; -> stream.
class KETTLE_WAIT connect_operation : public operation<connect_operation, detail::io_wait> {
 public:
  explicit connect_operation(const address& to) noexcept : operation(io_kind::connect), to_(to) {}
  bool start() override;
  stream finish();
  const char* what() const noexcept override { return "connect"; }

 private:
  void ended() noexcept override;
  address to_;
};

inline connect_operation connect_to(const address& to) noexcept { return connect_operation(to); }

}  // namespace kettle::inline KETTLE_ABI
