#include "loop/backend_sim.hpp"

#include "core/home.hpp"
#include "loop/attempt.hpp"

#include <kettle/base/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI {

// io_request::mark is 0, or the address of the back end that waits, tagged when the request is
// finished.
namespace {

constexpr std::uint64_t finished_tag = 1;

int copy_address(const std::string& from, void* to, std::uint32_t* size) noexcept {
  if (from.empty()) return -ENOTCONN;
  std::memcpy(to, from.data(), std::min<std::size_t>(*size, from.size()));
  *size = std::uint32_t(from.size());
  return 0;
}

}  // namespace

sim_backend::sim_backend(sim_world& world) : world_(world) {
  std::lock_guard held(world_.lock_);
  world_.backends_.push_back(this);
}

sim_backend::~sim_backend() {
  KETTLE_ASSERT(pending_ == 0, "a request outlived its back end");
  std::lock_guard held(world_.lock_);
  std::erase(world_.backends_, this);
}

bool sim_backend::try_now(io_request& r) noexcept {
  std::lock_guard held(world_.lock_);
  auto s = world_.find(r.fd);
  int result = s ? world_.attempt(s, r) : -EBADF;
  world_.settle();
  if (result == would_wait) return false;
  r.result = result;
  return true;
}

void sim_backend::submit(io_request& r) noexcept {
  std::lock_guard held(world_.lock_);
  pending_++;
  r.mark = std::uint64_t(reinterpret_cast<std::uintptr_t>(this));
  auto s = world_.find(r.fd);
  int result = s ? world_.attempt(s, r) : -EBADF;
  if (result != would_wait) {
    r.mark |= finished_tag;
    r.result = result;
    finished_.push_back(r);
  } else {
    s->waiting.push_back(r);
  }
  world_.settle();
}

void sim_backend::cancel(io_request& r) noexcept {
  std::lock_guard held(world_.lock_);
  if (r.mark & finished_tag) return;  // its result is on its way
  world_.find(r.fd)->waiting.remove(r);
  world_.finish(r, -ECANCELED);
}

void sim_backend::poll(time_point until) {
  std::unique_lock held(world_.lock_);
  if (finished_.empty() && until > world_.now()) {
    asleep_ = true;
    asleep_until_ = until;
    held.unlock();
    while (rung_.load(acquire) == 0) sys::futex_wait(rung_, 0);
    held.lock();
    asleep_ = false;
  }
  // Counted as awake before they are taken: nobody shall find all asleep and nothing on its way.
  if (!finished_.empty() && tls.at) tls.at->rouse();
  rung_.exchange(0, acq_rel);  // what the ringer did before is seen after this
  request_list batch = finished_.take();
  held.unlock();
  while (io_request* r = batch.pop_front()) {
    r->mark = 0;
    pending_--;
    r->done(*r);
  }
}

void sim_backend::wake() noexcept {
  if (rung_.exchange(1, acq_rel) == 0) sys::futex_wake(rung_, 1);
}

int sim_backend::socket(int domain, int type) noexcept {
  if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX) return -EAFNOSUPPORT;
  if ((type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != SOCK_STREAM) return -ESOCKTNOSUPPORT;
  std::lock_guard held(world_.lock_);
  auto s = std::make_shared<sim_socket>();
  s->domain = domain;
  return world_.adopt(std::move(s));
}

int sim_backend::bind(int fd, const void* address, std::uint32_t size) noexcept {
  std::lock_guard held(world_.lock_);
  auto s = world_.find(fd);
  return s ? world_.bind(*s, std::string(static_cast<const char*>(address), size)) : -EBADF;
}

int sim_backend::listen(int fd, int) noexcept {
  std::lock_guard held(world_.lock_);
  auto s = world_.find(fd);
  return s ? world_.listen(s) : -EBADF;
}

int sim_backend::local_address(int fd, void* address, std::uint32_t* size) noexcept {
  std::lock_guard held(world_.lock_);
  auto s = world_.find(fd);
  if (!s) return -EBADF;
  if (!s->local.empty()) return copy_address(s->local, address, size);
  sockaddr_storage none{};
  none.ss_family = sa_family_t(s->domain);
  return copy_address(std::string(reinterpret_cast<char*>(&none), sizeof(sa_family_t)), address,
                      size);
}

int sim_backend::peer_address(int fd, void* address, std::uint32_t* size) noexcept {
  std::lock_guard held(world_.lock_);
  auto s = world_.find(fd);
  return s ? copy_address(s->peer_name, address, size) : -EBADF;
}

int sim_backend::set_option(int fd, int, int,
                            int) noexcept {  // there is nothing here that options change
  std::lock_guard held(world_.lock_);
  return world_.find(fd) ? 0 : -EBADF;
}

int sim_backend::shutdown(int fd, int how) noexcept {
  std::lock_guard held(world_.lock_);
  auto s = world_.find(fd);
  int r = s ? world_.shutdown(s, how) : -EBADF;
  world_.settle();
  return r;
}

int sim_backend::close(int fd) noexcept {
  std::lock_guard held(world_.lock_);
  int r = world_.close(fd);
  world_.settle();
  return r;
}

std::unique_ptr<backend> make_sim_backend(sim_world& world) {
  return std::make_unique<sim_backend>(world);
}

}  // namespace kettle::inline KETTLE_ABI
