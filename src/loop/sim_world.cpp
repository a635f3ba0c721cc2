#include "loop/sim_world.hpp"

#include "loop/attempt.hpp"
#include "loop/backend_sim.hpp"

#include <kettle/base/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::uint64_t finished_tag = 1;  // as in backend_sim.cpp

int family_of(const std::string& address) noexcept {
  sa_family_t family = 0;
  if (address.size() >= sizeof family) std::memcpy(&family, address.data(), sizeof family);
  return family;
}

bool has_port(const std::string& address) noexcept {
  int f = family_of(address);
  return (f == AF_INET && address.size() >= sizeof(sockaddr_in)) ||
         (f == AF_INET6 && address.size() >= sizeof(sockaddr_in6));
}

// Both internet addresses have the port at the same place.
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
std::uint16_t port_of(const std::string& address) noexcept {
  std::uint16_t port = 0;
  std::memcpy(&port, address.data() + offsetof(sockaddr_in, sin_port), sizeof port);
  return ntohs(port);
}
void set_port(std::string& address, std::uint16_t port) noexcept {
  port = htons(port);
  std::memcpy(address.data() + offsetof(sockaddr_in, sin_port), &port, sizeof port);
}

std::string host_of(const std::string& address) {
  return family_of(address) == AF_INET ? address.substr(offsetof(sockaddr_in, sin_addr), 4)
                                       : address.substr(offsetof(sockaddr_in6, sin6_addr), 16);
}

bool is_any(const std::string& host) noexcept {
  return host.find_first_not_of('\0') == std::string::npos;
}

// Whether two addresses cannot both be bound, and whether a connect to one reaches a listener on
// the other.
bool meet(const std::string& a, const std::string& b) {
  if (family_of(a) != family_of(b)) return false;
  if (!has_port(a) || !has_port(b)) return a == b;
  if (port_of(a) != port_of(b)) return false;
  std::string x = host_of(a), y = host_of(b);
  return x == y || is_any(x) || is_any(y);
}

}  // namespace

sim_world::~sim_world() {
  KETTLE_ASSERT(backends_.empty(), "a simulated world goes after its back ends");
  for (socket_ptr& s : sockets_)
    if (s) s->peer.reset(), s->backlog.clear();  // they hold each other
}

time_point sim_world::next_event() noexcept {
  std::lock_guard held(lock_);
  for (const sim_backend* b : backends_)
    if (!b->finished_.empty()) return now();
  return events_.empty() ? never : std::max(now(), events_.begin()->first);
}

void sim_world::advance_to(time_point t) noexcept {
  std::lock_guard held(lock_);
  while (!events_.empty() && events_.begin()->first <= t) {
    now_.store(std::max(now(), events_.begin()->first), release);
    std::function<void()> what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
    settle();
  }
  now_.store(std::max(now(), t), release);
  for (sim_backend* b : backends_)
    if (b->asleep_ && b->asleep_until_ <= t) b->wake();
}

sim_world::socket_ptr sim_world::find(int fd) const noexcept {
  std::size_t i = std::size_t(fd) - std::size_t(first_fd);
  return fd >= first_fd && i < sockets_.size() ? sockets_[i] : nullptr;
}

int sim_world::adopt(socket_ptr s) {
  if (free_.empty()) {
    free_.insert(first_fd + int(sockets_.size()));
    sockets_.emplace_back();
  }
  int fd = *free_.begin();
  free_.erase(free_.begin());
  sockets_[std::size_t(fd - first_fd)] = std::move(s);
  return fd;
}

bool sim_world::taken(const std::string& address) const {
  return std::any_of(bound_.begin(), bound_.end(),
                     [&](sim_socket* s) { return meet(s->local, address); });
}

// An address nobody has: a port from the range the kernel uses, or an abstract unix name.
std::string sim_world::free_address(int domain, std::string like) {
  if (domain == AF_UNIX) {
    std::string address(sizeof(sa_family_t), '\0');
    sa_family_t family = AF_UNIX;
    std::memcpy(address.data(), &family, sizeof family);
    return address + '\0' + std::to_string(next_name_++);
  }
  do {
    set_port(like, next_port_);
    next_port_ = next_port_ == 65535 ? 49152 : std::uint16_t(next_port_ + 1);
  } while (taken(like));
  return like;
}

int sim_world::bind(sim_socket& s, std::string address) {
  if (!s.local.empty() || s.at != sim_socket::phase::fresh) return -EINVAL;
  if (family_of(address) != s.domain) return s.domain == AF_UNIX ? -EINVAL : -EAFNOSUPPORT;
  if (s.domain != AF_UNIX && !has_port(address)) return -EINVAL;
  bool choose = s.domain == AF_UNIX ? address.size() == sizeof(sa_family_t) : port_of(address) == 0;
  if (choose)
    address = free_address(s.domain, address);
  else if (taken(address))
    return -EADDRINUSE;
  s.local = std::move(address);
  bound_.push_back(&s);
  return 0;
}

// The address a socket gets that was never bound: the local host and a free port.
void sim_world::give_address(sim_socket& s) {
  if (!s.local.empty()) return;
  std::string like;
  if (s.domain == AF_INET) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    like.assign(reinterpret_cast<char*>(&a), sizeof a);
  } else if (s.domain == AF_INET6) {
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_addr = in6addr_loopback;
    like.assign(reinterpret_cast<char*>(&a), sizeof a);
  }
  s.local = free_address(s.domain, std::move(like));
}

int sim_world::listen(const socket_ptr& s) {
  if (s->at != sim_socket::phase::fresh && s->at != sim_socket::phase::listening) return -EINVAL;
  if (s->local.empty()) {
    if (s->domain == AF_UNIX) return -EINVAL;
    give_address(*s);
    bound_.push_back(s.get());
  }
  s->at = sim_socket::phase::listening;
  return 0;
}

sim_world::socket_ptr sim_world::listener_for(const std::string& address) const {
  for (const socket_ptr& s : sockets_)
    if (s && s->at == sim_socket::phase::listening && meet(s->local, address)) return s;
  return nullptr;
}

int sim_world::shutdown(const socket_ptr& s, int how) {
  if (s->at != sim_socket::phase::connected) return -ENOTCONN;
  if (how != SHUT_RD && !s->shut_out) {
    s->shut_out = true;
    if (socket_ptr other = s->peer) later(options_.latency, [this, other] { arrive_end(other); });
  }
  if (how != SHUT_WR) s->shut_in = true;
  changed(s);
  return 0;
}

int sim_world::close(int fd) {
  socket_ptr s = find(fd);
  if (!s) return -EBADF;
  while (io_request* r = s->waiting.pop_front()) finish(*r, -ECANCELED);
  std::erase(bound_, s.get());
  for (const socket_ptr& never_accepted : s->backlog)
    if (socket_ptr other = std::move(never_accepted->peer)) {
      never_accepted->at = sim_socket::phase::closed;
      later(options_.latency, [this, other] { arrive_reset(other); });
    }
  s->backlog.clear();
  bool unread = !s->in.empty() || s->on_its_way > 0;
  s->at = sim_socket::phase::closed;
  s->in.clear();
  if (socket_ptr other = std::move(s->peer)) {
    if (unread)  // TCP says so to a sender whose data nobody will read
      later(options_.latency, [this, other] { arrive_reset(other); });
    else if (!s->shut_out)
      later(options_.latency, [this, other] { arrive_end(other); });
  }
  sockets_[std::size_t(fd - first_fd)].reset();
  free_.insert(fd);
  return 0;
}

// One try at a request.

int sim_world::attempt(const socket_ptr& s, io_request& r) {
  switch (r.kind) {
    case io_kind::recv:
    case io_kind::read: return attempt_recv(*s, r);
    case io_kind::send:
    case io_kind::write: return attempt_send(s, r);
    case io_kind::accept: return attempt_accept(*s);
    case io_kind::connect: return attempt_connect(s, r);
    case io_kind::poll: break;
  }
  int events = ready(*s) & (int(r.flags) | POLLERR | POLLHUP);
  return events ? events : would_wait;
}

int sim_world::attempt_recv(sim_socket& s, io_request& r) {
  if (s.at != sim_socket::phase::connected) return -ENOTCONN;
  if (s.shut_in || r.size == 0) return 0;
  if (!s.in.empty()) {
    std::size_t n = std::min(r.size, s.in.size());
    std::copy_n(s.in.begin(), n, static_cast<char*>(r.data));
    s.in.erase(s.in.begin(), s.in.begin() + std::ptrdiff_t(n));
    if (socket_ptr peer = s.peer) changed(peer);  // there is room again
    return int(n);
  }
  if (s.error) return -std::exchange(s.error, 0);
  return s.ended || s.was_reset ? 0 : would_wait;
}

std::size_t sim_world::room_towards(const sim_socket& peer) const noexcept {
  std::size_t used = peer.in.size() + peer.on_its_way;
  return used < options_.buffer_bytes ? options_.buffer_bytes - used : 0;
}

int sim_world::attempt_send(const socket_ptr& s, io_request& r) {
  if (s->error) return -std::exchange(s->error, 0);
  if (s->shut_out || s->was_reset) return -EPIPE;
  if (s->at != sim_socket::phase::connected) return -ENOTCONN;
  socket_ptr to = s->peer;
  std::size_t n = std::min(r.size, room_towards(*to));
  if (n == 0 && r.size > 0) return would_wait;
  to->on_its_way += n;
  std::string bytes(static_cast<const char*>(r.data), n);
  later(options_.latency,
        [this, from = s, to, bytes = std::move(bytes)] { arrive_data(from, to, bytes); });
  return int(n);
}

int sim_world::attempt_accept(sim_socket& s) {
  if (s.at != sim_socket::phase::listening) return -EINVAL;
  if (s.backlog.empty()) return would_wait;
  socket_ptr accepted = std::move(s.backlog.front());
  s.backlog.pop_front();
  return adopt(std::move(accepted));
}

int sim_world::attempt_connect(const socket_ptr& s, io_request& r) {
  if (s->at == sim_socket::phase::listening) return -EINVAL;
  if (s->at == sim_socket::phase::fresh && !s->error) {
    std::string to(static_cast<const char*>(r.data), r.size);
    if (family_of(to) != s->domain) return -EAFNOSUPPORT;
    give_address(*s);
    s->at = sim_socket::phase::connecting;
    s->peer_name = to;
    later(options_.latency, [this, s, to] { arrive_connect(s, to); });
  }
  if (s->error) return -std::exchange(s->error, 0);
  if (s->at == sim_socket::phase::connecting) return would_wait;
  return std::exchange(s->connect_told, true) ? -EISCONN : 0;
}

int sim_world::ready(const sim_socket& s) const noexcept {
  if (s.at == sim_socket::phase::listening) return s.backlog.empty() ? 0 : POLLIN;
  if (s.at == sim_socket::phase::fresh)
    return (s.error ? POLLERR : 0) | POLLOUT | POLLHUP;  // as Linux says
  if (s.at != sim_socket::phase::connected) return 0;
  int events = s.error ? POLLERR : 0;
  if (!s.in.empty() || s.ended || s.was_reset || s.shut_in) events |= POLLIN;
  if (s.ended || s.was_reset) events |= POLLRDHUP;
  if ((s.ended && s.shut_out) || s.was_reset) events |= POLLHUP;
  if (s.shut_out || s.was_reset || !s.peer || room_towards(*s.peer) > 0) events |= POLLOUT;
  return events;
}

// What arrives.

void sim_world::later(duration delay, std::function<void()> what) {
  if (delay == duration(0)) return what();
  events_.emplace(now() + delay, std::move(what));
}

void sim_world::arrive_connect(const socket_ptr& from, const std::string& address) {
  socket_ptr listener = listener_for(address);
  if (from->at != sim_socket::phase::connecting) return;  // closed meanwhile
  if (!listener) {
    return later(options_.latency, [this, from] {
      if (from->at != sim_socket::phase::connecting) return;
      from->at = sim_socket::phase::fresh;
      from->peer_name.clear();
      from->error = ECONNREFUSED;
      changed(from);
    });
  }
  auto other = std::make_shared<sim_socket>();
  other->domain = listener->domain;
  other->at = sim_socket::phase::connected;
  other->connect_told = true;
  other->local = listener->domain == AF_UNIX ? listener->local : address;
  other->peer_name = from->local;
  other->peer = from;
  listener->backlog.push_back(other);
  changed(listener);
  later(options_.latency, [this, from, other] {
    if (from->at != sim_socket::phase::connecting) {  // it has gone: the other side must hear of it
      if (other->at == sim_socket::phase::connected)
        later(options_.latency, [this, other] { arrive_end(other); });
      return;
    }
    from->at = sim_socket::phase::connected;
    from->peer = other;
    changed(from);
  });
}

void sim_world::arrive_data(const socket_ptr& from, const socket_ptr& to,
                            const std::string& bytes) {
  to->on_its_way -= bytes.size();
  if (to->at == sim_socket::phase::closed)
    return later(options_.latency, [this, from] { arrive_reset(from); });
  to->in.insert(to->in.end(), bytes.begin(), bytes.end());
  changed(to);
}

void sim_world::arrive_end(const socket_ptr& to) {
  if (to->at != sim_socket::phase::connected || to->was_reset) return;
  to->ended = true;
  changed(to);
}

void sim_world::arrive_reset(const socket_ptr& to) {
  if (to->at != sim_socket::phase::connected || to->was_reset) return;
  to->was_reset = true;
  to->error = ECONNRESET;
  changed(to);
}

void sim_world::changed(const socket_ptr& s) {
  if (!s->waiting.empty()) changed_.push_back(s);
}

// The waiting requests of what has changed try again, in their order. A try may change other
// sockets, so this is a queue and no recursion: nobody's list moves while it is walked.
void sim_world::settle() {
  while (!changed_.empty()) {
    socket_ptr s = std::move(changed_.front());
    changed_.pop_front();
    io_request* next;
    for (io_request* r = s->waiting.front(); r; r = next) {
      next = request_list::after(*r);
      int result = attempt(s, *r);
      if (result == would_wait) continue;
      s->waiting.remove(*r);
      finish(*r, result);
    }
  }
}

void sim_world::finish(io_request& r, int result) noexcept {
  auto* owner = reinterpret_cast<sim_backend*>(std::uintptr_t(r.mark));
  r.mark |= finished_tag;
  r.result = result;
  owner->finished_.push_back(r);
  if (owner->asleep_) owner->wake();
}

}  // namespace kettle::inline KETTLE_ABI
