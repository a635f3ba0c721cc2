#include <kettle/base/error.hpp>
#include <kettle/io/dns.hpp>

#include "base/c_string.hpp"
#include "io/lanes.hpp"

#include <cerrno>

#include <netdb.h>
#include <sys/socket.h>

namespace kettle::inline KETTLE_ABI {

namespace {

class resolver_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "resolver"; }
  std::string message(int code) const override { return ::gai_strerror(code); }
};

[[noreturn]] void throw_not_found(int code, int error_number, const std::string& host) {
  static const resolver_category category;
  if (code == EAI_SYSTEM) throw_io_error(error_number, "resolve", host);
  throw io_error(std::error_code(code, category), "resolve", host);
}

struct answer {
  std::vector<address> found;
  int code = 0, error_number = 0;
};

// On a thread of the lane. Owns all it uses and throws nothing: nobody may be left who waits for
// it.
answer look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  answer a;
  a.code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  a.error_number = errno;
  if (a.code != 0) return a;
  for (addrinfo* i = list; i; i = i->ai_next) {
    a.found.push_back(address::from(i->ai_addr, i->ai_addrlen));
    a.found.back().port(port);
  }
  ::freeaddrinfo(list);
  return a;
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
  c_string(host, "resolve: the name");
  if (auto number = address::ip(host, port)) {
    found.push_back(*number);
  } else if (host == "localhost") {
    found.push_back(*address::ip("127.0.0.1", port));
    found.push_back(*address::ip("::1", port));
  } else {
    busy_run counted;
    name_lane names;
    future<answer> asked = names.start(look_up, host, port);
    answer a = co_await asked;
    if (a.code != 0) throw_not_found(a.code, a.error_number, host);
    found = interleaved(a.found);
  }
  co_return found;
}

}  // namespace kettle::inline KETTLE_ABI
