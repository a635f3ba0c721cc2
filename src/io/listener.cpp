#include <kettle/base/assert.hpp>
#include <kettle/io/dns.hpp>
#include <kettle/io/listener.hpp>

#include "core/home.hpp"
#include "io/stream_state.hpp"
#include "io/unix_file.hpp"

#include <cerrno>
#include <chrono>

#include <netinet/in.h>
#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI {

namespace detail {

struct listener_state {
  ~listener_state() { close(); }
  void close() noexcept {
    if (acceptor && !(exits_here() && acceptor->who().at_ != &home::here())) {
      KETTLE_ASSERT(acceptor->who().at_ == &home::here(),
                    "a listener is closed on the thread that waits on it");
      acceptor->listener_closed();
    }
    file.remove();
    if (fd >= 0) close_descriptor(std::exchange(fd, -1));
  }

  int fd = -1;
  address where;
  unix_file file;
  accept_operation* acceptor = nullptr;
};

void listener_state_delete::operator()(listener_state* s) const noexcept { delete s; }

}  // namespace detail

namespace {

constexpr duration descriptor_pause = std::chrono::milliseconds(100);

bool out_of_resources(int error) noexcept {
  return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
}

}  // namespace

accept_operation::accept_operation(detail::listener_state* s) noexcept
    : operation(io_kind::accept), timer(try_again), state_(s) {}

bool accept_operation::start() {
  if (!state_ || state_->fd < 0) throw closed_resource("this listener is closed");
  if (state_->acceptor)
    throw busy_resource("a second accept() on " + state_->where.text() + ": one at a time");
  fd = state_->fd;
  if (begin_request() && !pauses()) return true;
  state_->acceptor = this;
  return false;
}

// What befell a single peer on its way is no error of ours: the next one, please.
bool accept_operation::step() noexcept {
  return result != -ECONNABORTED && result != -EPROTO && result != -EPERM;
}

bool accept_operation::pauses() noexcept {
  if (!state_ || !out_of_resources(result)) return false;
  if (asked_) {
    result = -ECANCELED;  // nobody was taken
    return false;
  }
  if (!complained_) {
    complained_ = true;
    try {
      throw_io_error(-result, "accept (trying again every 100 ms)", state_->where.text());
    } catch (...) {
      drop_error(std::current_exception(), "accept");
    }
  }
  home& at = *who().at_;
  at.arm(*this, after(at.now(), descriptor_pause));
  return true;
}

void accept_operation::try_again(timer& t) noexcept {
  auto& self = static_cast<accept_operation&>(t);
  if (!self.begin_request() || self.pauses()) return;
  self.finish_wait(claim::granted);
}

void accept_operation::ended() noexcept {
  if (state_) state_->acceptor = nullptr;
}

void accept_operation::cancel() noexcept {
  if (!armed()) return io_wait::cancel();
  who().at_->disarm(*this);
  finish_wait(claim::cancelled);
}

void accept_operation::listener_closed() noexcept {
  state_->acceptor = nullptr;
  state_ = nullptr;
  if (!armed()) return;  // the back end ends it
  who().at_->disarm(*this);
  result = -ECANCELED;
  finish_wait(claim::granted);
}

stream accept_operation::finish() const {
  if (was_closed() || !state_) {
    if (result >= 0) detail::close_descriptor(result);
    throw closed_resource("this listener was closed while somebody waited on it");
  }
  if (result < 0) throw_io_error(-result, "accept", state_->where.text());
  return detail::make_stream_of_accepted(result);
}

address listener::where() const { return state_ ? state_->where : address(); }

void listener::close() noexcept {
  if (state_) state_->close();
}

bool listener::is_open() const noexcept { return state_ && state_->fd >= 0; }

namespace {

struct opening {
  backend& io;
  int fd = -1;
  address at;
  const std::string& text;
  unix_file file = {};
  ~opening() {
    file.remove();
    if (fd >= 0) detail::close_descriptor(fd);
  }
  int check(int r, const char* operation) const {
    if (r < 0) throw_io_error(-r, operation, text);
    return r;
  }
};

// Every address: one IPv6 socket that takes IPv4 too; where there is no IPv6 (or nobody to map it),
// IPv4.
void open_for_all(opening& o, std::uint16_t port) {
  o.at = *address::ip("::", port);
  o.fd = o.io.kind() == backend_kind::sim ? -EAFNOSUPPORT : o.io.socket(AF_INET6, SOCK_STREAM);
  if (o.fd >= 0 && o.io.set_option(o.fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0) return;
  if (o.fd >= 0) detail::close_descriptor(o.fd);
  o.at = *address::ip("0.0.0.0", port);
  o.fd = o.check(o.io.socket(AF_INET, SOCK_STREAM), "socket");
}

}  // namespace

task<listener> listen(std::string where, int backlog) {
  place_name name = parse_place_name(where);
  bool all = name.how == place_name::kind::tcp && name.host.empty();
  address at;
  if (name.how == place_name::kind::unix_path) {
    at = address::path(name.host);
  } else if (!all) {
    auto found = co_await resolve(name.host, name.port);
    at = found.front();
  }
  opening o{home::here().io(), -1, at, where};
  if (all)
    open_for_all(o, name.port);
  else
    o.fd = o.check(o.io.socket(at.family(), SOCK_STREAM), "socket");
  if (o.at.family() != AF_UNIX) o.io.set_option(o.fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!all && at.family() == AF_INET6) o.io.set_option(o.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // As early as the system can tell: an address in use is told by bind or by listen.
  int bound;
  if (name.how == place_name::kind::unix_path)
    bound = co_await o.file.bind(o.io, o.fd, o.at, name.host);
  else
    bound = o.io.bind(o.fd, o.at.data(), o.at.size());
  o.check(bound, "listen");
  o.check(o.io.listen(o.fd, backlog), "listen");
  sockaddr_storage raw{};
  std::uint32_t size = sizeof raw;
  o.check(o.io.local_address(o.fd, &raw, &size), "listen");
  o.at = address::from(&raw, size);
  auto* s = new detail::listener_state;
  s->fd = std::exchange(o.fd, -1);
  s->where = o.at;
  s->file = std::move(o.file);
  co_return listener(s);
}

}  // namespace kettle::inline KETTLE_ABI
