#pragma once
// The back end of virtual time: requests meet in a sim_world's network instead of the kernel.

#include "loop/sim_world.hpp"
#include "sys/futex.hpp"

namespace kettle::inline KETTLE_ABI {

class sim_backend final : public backend {
 public:
  explicit sim_backend(sim_world& world);
  ~sim_backend() override;

  backend_kind kind() const noexcept override { return backend_kind::sim; }
  bool try_now(io_request& r) noexcept override;
  void submit(io_request& r) noexcept override;
  void cancel(io_request& r) noexcept override;
  // Sleeps in real time only until a wake(), an arrival for this home, or the clock's passing of
  // `until`: who moves the clock is the home's business.
  void poll(time_point until) override;
  void wake() noexcept override;
  std::size_t pending() const noexcept override { return pending_; }
  int socket(int domain, int type) noexcept override;
  int bind(int fd, const void* address, std::uint32_t size) noexcept override;
  int listen(int fd, int backlog) noexcept override;
  int local_address(int fd, void* address, std::uint32_t* size) noexcept override;
  int peer_address(int fd, void* address, std::uint32_t* size) noexcept override;
  int set_option(int fd, int level, int name, int value) noexcept override;
  int shutdown(int fd, int how) noexcept override;
  int close(int fd) noexcept override;

 private:
  friend class sim_world;

  sim_world& world_;
  atomic<std::uint32_t> rung_{0};
  std::size_t pending_ = 0;
  // With the world's lock held:
  request_list finished_;
  bool asleep_ = false;
  time_point asleep_until_{};
};

std::unique_ptr<backend> make_sim_backend(sim_world& world);

}  // namespace kettle::inline KETTLE_ABI
