#pragma once
// A world of its own for a run: a clock that stands still until somebody moves it, and a network in
// memory.
//
//   sim_world world({.latency = 5ms});
//   auto loop = make_sim_backend(world);          // one a home; several may share a world
//   int fd = loop->socket(AF_INET, SOCK_STREAM);  // numbers from first_fd on: none of the system's
//   world.advance_to(world.next_event());         // the bytes arrive
//
// What it models of TCP (and of unix stream sockets, in the same way): connections to who listens,
// refusal where nobody does, addresses in use, bounded buffers, order, the end of a stream in each
// direction, resets (closing with unread data, sending to who has closed), the time things take. A
// listener's backlog is not bounded. Order is deterministic: what happens at the same time happens
// in the order in which it was begun.
//
// Lifetime: outlives its back ends. Threads: any; one lock. Waiters of other homes are woken
// through their back end.

#include "core/backend.hpp"
#include "core/domain.hpp"
#include "loop/request_list.hpp"

#include <kettle/base/atomic.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI {

struct sim_options {
  duration latency{0};               // of everything sent, one way; a connect takes two
  std::size_t buffer_bytes = 65536;  // sent and not yet received, each direction
  time_point start{};
};

class sim_backend;

struct sim_socket {
  enum class phase : std::uint8_t { fresh, listening, connecting, connected, closed };

  int domain = 0;
  phase at = phase::fresh;
  bool connect_told = false;
  bool ended = false;  // the peer's end of stream has arrived
  bool was_reset = false;
  bool shut_in = false, shut_out = false;
  int error = 0;                 // told once, as SO_ERROR is
  std::string local, peer_name;  // sockaddr bytes
  std::shared_ptr<sim_socket> peer;
  std::deque<char> in;
  std::size_t on_its_way = 0;  // bytes that the peer has sent and that have not arrived
  std::deque<std::shared_ptr<sim_socket>> backlog;
  request_list waiting;
};

class sim_world final : public virtual_world {
 public:
  static constexpr int first_fd = 1 << 24;

  explicit sim_world(sim_options options = {}) : options_(options), now_(options.start) {}
  ~sim_world() override;

  time_point now() noexcept override { return now_.load(acquire); }
  // The next arrival; now() while some home has not yet taken what has arrived; never.
  time_point next_event() noexcept override;
  void advance_to(time_point t) noexcept override;

 private:
  friend class sim_backend;
  using socket_ptr = std::shared_ptr<sim_socket>;

  // All below: with the lock held. Whoever has changed something ends with settle().
  socket_ptr find(int fd) const noexcept;
  int adopt(socket_ptr s);
  int bind(sim_socket& s, std::string address);
  int listen(const socket_ptr& s);
  void give_address(sim_socket& s);
  std::string free_address(int domain, std::string like);
  bool taken(const std::string& address) const;
  socket_ptr listener_for(const std::string& address) const;
  int shutdown(const socket_ptr& s, int how);
  int close(int fd);

  int attempt(const socket_ptr& s, io_request& r);
  int attempt_recv(sim_socket& s, io_request& r);
  int attempt_send(const socket_ptr& s, io_request& r);
  int attempt_connect(const socket_ptr& s, io_request& r);
  int attempt_accept(sim_socket& s);
  int ready(const sim_socket& s) const noexcept;
  std::size_t room_towards(const sim_socket& peer) const noexcept;

  void later(duration delay, std::function<void()> what);
  void arrive_connect(const socket_ptr& from, const std::string& address);
  void arrive_data(const socket_ptr& from, const socket_ptr& to, const std::string& bytes);
  void arrive_end(const socket_ptr& to);
  void arrive_reset(const socket_ptr& to);
  void changed(const socket_ptr& s);
  void settle();
  void finish(io_request& r, int result) noexcept;

  sim_options options_;
  std::mutex lock_;
  atomic<time_point> now_;
  std::multimap<time_point, std::function<void()>> events_;  // equal times keep their order
  std::vector<socket_ptr> sockets_;                          // by fd - first_fd
  std::set<int> free_;  // the lowest is given out first, as a kernel does
  std::deque<socket_ptr> changed_;
  std::vector<sim_socket*> bound_;
  std::vector<sim_backend*> backends_;
  std::uint16_t next_port_ = 49152;
  unsigned next_name_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI
