#include <kettle/io/connect.hpp>

#include "core/home.hpp"
#include "io/stream_state.hpp"

#include <kettle/coro/first_of.hpp>
#include <kettle/io/dns.hpp>

#include <chrono>

#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr duration attempt_stagger = std::chrono::milliseconds(250);  // RFC 8305, section 8

}  // namespace

bool connect_operation::start() {
  fd = who().at_->io().socket(to_.family(), SOCK_STREAM);
  if (fd < 0) throw_io_error(-fd, "connect", to_.text());
  data = const_cast<void*>(to_.data());
  size = to_.size();
  return begin_request();
}

void connect_operation::ended() noexcept {
  if (result < 0)
    detail::close_descriptor(std::exchange(fd, -1));  // else it was faster than a request to cancel
}

stream connect_operation::finish() {
  if (result >= 0) return detail::make_stream(fd, to_);
  if (fd >= 0) detail::close_descriptor(std::exchange(fd, -1));
  throw_io_error(-result, "connect", to_.text());
}

task<stream> connect(std::vector<address> candidates) {
  if (candidates.empty()) throw usage_error("connect: there is no address to try");
  if (candidates.size() == 1) co_return co_await connect_to(candidates.front());
  co_return co_await first_of(connect_to, candidates, {.stagger = attempt_stagger});
}

task<stream> connect(std::string host, std::uint16_t port) {
  auto found = co_await resolve(std::move(host), port);
  co_return co_await connect(std::move(found));
}

task<stream> connect(std::string where) {
  place_name name = parse_place_name(where);
  if (name.how == place_name::kind::unix_path) {
    address at = address::path(name.host);
    co_return co_await connect_to(at);
  }
  std::string host = name.host.empty() ? "localhost" : name.host;
  co_return co_await connect(std::move(host), name.port);
}

}  // namespace kettle::inline KETTLE_ABI
