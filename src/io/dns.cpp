#include <kettle/base/error.hpp>
#include <kettle/io/dns.hpp>

#include "base/c_string.hpp"
#include "io/hosts_file.hpp"
#include "io/lanes.hpp"
#include "io/resolver.hpp"
#include "sys/process.hpp"

#include <cerrno>
#include <memory>
#include <utility>

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

// On a thread of the resolver.
resolver::answer look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  resolver::answer a;
  a.code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  a.error_number = errno;
  if (a.code != 0) return a;
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, ::freeaddrinfo);
  for (addrinfo* i = list; i; i = i->ai_next)
    a.found.push_back(address::from(i->ai_addr, i->ai_addrlen));
  return a;
}

resolver& names() {
  static auto* all = new resolver(look_up);  // for good: a question may be open at the end
  return *all;
}

// On the file lane.
std::vector<address> look_into_files(const std::string& host) {
  if (!asks_files_first(sys::read_small_file("/etc/nsswitch.conf"))) return {};
  return in_hosts(sys::read_small_file("/etc/hosts"), host);
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
    found = co_await on_file_lane(look_into_files, host);
    if (found.empty()) {
      busy_run counted;
      resolver::answer a = co_await names().ask(host);
      if (a.code != 0) throw_not_found(a.code, a.error_number, host);
      found = std::move(a.found);
    }
    found = interleaved(found);
    for (address& a : found) a.port(port);
  }
  co_return found;
}

}  // namespace kettle::inline KETTLE_ABI
