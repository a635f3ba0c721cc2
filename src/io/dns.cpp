#include <kettle/base/error.hpp>
#include <kettle/io/dns.hpp>

#include "io/lanes.hpp"

#include <cerrno>
#include <cstring>

#include <netdb.h>
#include <sys/socket.h>

namespace kettle::inline v0 {

namespace {

class resolver_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "resolver"; }
  std::string message(int code) const override { return ::gai_strerror(code); }
};

[[noreturn]] void throw_not_found(int code, const std::string& host) {
  static const resolver_category category;
  if (code == EAI_SYSTEM) throw_io_error(errno, "resolve", host);
  throw io_error(std::error_code(code, category), "resolve", host);
}

// On a thread of the lane. Owns all it uses: nobody may be left who waits for it.
std::vector<address> look_up(std::string host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  if (int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list)) throw_not_found(code, host);
  std::vector<address> found;
  for (addrinfo* a = list; a; a = a->ai_next) {
    address one = address::from(a->ai_addr, a->ai_addrlen);
    one.port(port);
    found.push_back(one);
  }
  ::freeaddrinfo(list);
  return found;
}

// The families take turns, in the order in which they first appear.
std::vector<address> interleaved(const std::vector<address>& in) {
  std::vector<address> first, second, out;
  for (const address& a : in) (a.family() == in.front().family() ? first : second).push_back(a);
  for (std::size_t i = 0; i < first.size() || i < second.size(); i++) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

}  // namespace

task<std::vector<address>> resolve(std::string host, std::uint16_t port) {
  std::vector<address> found;
  if (auto number = address::ip(host, port)) {
    found.push_back(*number);
  } else if (host == "localhost") {
    found.push_back(*address::ip("127.0.0.1", port));
    found.push_back(*address::ip("::1", port));
  } else {
    found = interleaved(co_await on_name_lane(look_up, host, port));
  }
  co_return found;
}

}  // namespace kettle::inline v0
