#pragma once
// Waiting for peers to connect.
//
//   listener door = co_await listen("tcp:7777");  // "tcp:127.0.0.1:0", "tcp:[::1]:80",
//                                                 // "unix:/run/x", "unix:@name"
//   for (;;) peers.start(as_outcome, echo, co_await door.accept());
//
// "tcp:PORT" listens on every address of the machine, IPv6 and IPv4. Sockets get REUSEADDR, streams
// NODELAY. When the process is out of descriptors, accept() says so once to the dropped-error hook
// and tries again every 100 ms: the peers wait in the kernel's queue. One accept() at a time
// (busy_resource); close() ends it with closed_resource. The file of a unix listener goes with it,
// and one that a killed process left behind is replaced, a living one never. Movable; closes when
// it goes. Cancellation: cancelled means that no peer was taken. Threads: one at a time.

#include <kettle/core/timer.hpp>
#include <kettle/io/stream.hpp>

namespace kettle::inline KETTLE_ABI {

namespace detail {
struct listener_state;
struct listener_state_delete {
  void operator()(listener_state* s) const noexcept;
};
}  // namespace detail

// -> stream
class KETTLE_WAIT accept_operation : public operation<accept_operation, detail::io_wait>,
                                     private timer {
 public:
  explicit accept_operation(detail::listener_state* s) noexcept;
  accept_operation(const accept_operation& o) noexcept
      : operation(o), timer(try_again), state_(o.state_) {}
  bool start() override;
  void cancel() noexcept override;
  stream finish() const;
  const char* what() const noexcept override { return "listener.accept"; }

 private:
  friend struct detail::listener_state;
  bool step() noexcept override;
  void ended() noexcept override;
  bool pauses() noexcept override;  // when there are no descriptors left
  static void try_again(timer& t) noexcept;
  void listener_closed() noexcept;

  detail::listener_state* state_;
  bool complained_ = false;
};

class listener {
 public:
  listener() noexcept = default;  // closed
  explicit listener(detail::listener_state* s) noexcept : state_(s) {}

  accept_operation accept() noexcept { return accept_operation(state_.get()); }
  std::uint16_t port() const { return where().port(); }
  address where() const;  // as the system has it: with the port it chose for 0
  void close() noexcept;
  bool is_open() const noexcept;

 private:
  std::unique_ptr<detail::listener_state, detail::listener_state_delete> state_;
};

// io_error when the address is in use or not ours, usage_error when it is none.
task<listener> listen(std::string where, int backlog = 1024);

}  // namespace kettle::inline KETTLE_ABI
