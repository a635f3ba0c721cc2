#include <kettle/base/error.hpp>
#include <kettle/io/address.hpp>

#include "base/c_string.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace kettle::inline KETTLE_ABI {

namespace {

static_assert(sizeof(sockaddr_un) == 110);

template <class Sockaddr> Sockaddr as(const void* bytes) noexcept {
  Sockaddr a;
  std::memcpy(&a, bytes, sizeof a);
  return a;
}

bool parse_port(std::string_view text, std::uint16_t& port) noexcept {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<address> address::ip(std::string_view number, std::uint16_t port) {
  if (number.size() > 2 && number.front() == '[' && number.back() == ']')
    number = number.substr(1, number.size() - 2);
  std::string text(number);
  c_string(text, "address::ip: the number");
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) return from(&v4, sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) return from(&v6, sizeof v6);
  return std::nullopt;
}

// An abstract name begins with a NUL and ends where the address ends; a path ends with a NUL.
address address::path(std::string_view unix_path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::string text(unix_path);
  c_string(text, "a unix socket's path");
  bool abstract = text.starts_with('@');
  if (text.size() < (abstract ? 2 : 1) || text.size() >= sizeof a.sun_path)
    throw usage_error("a unix socket's path has 1 to 107 bytes, a name after '@' too: \"" + text +
                      "\"");
  std::memcpy(a.sun_path, text.data(), text.size());
  if (abstract) a.sun_path[0] = '\0';
  return from(&a, std::uint32_t(offsetof(sockaddr_un, sun_path) + text.size() + !abstract));
}

address address::from(const void* sockaddr, std::uint32_t size) noexcept {
  address a;
  a.size_ = std::uint16_t(std::min<std::size_t>(size, sizeof a.bytes_));
  std::memcpy(a.bytes_, sockaddr, a.size_);
  return a;
}

int address::family() const noexcept {
  return size_ < sizeof(sa_family_t) ? AF_UNSPEC : as<sa_family_t>(bytes_);
}

std::uint16_t address::port() const noexcept {
  switch (family()) {
    case AF_INET: return ntohs(as<sockaddr_in>(bytes_).sin_port);
    case AF_INET6: return ntohs(as<sockaddr_in6>(bytes_).sin6_port);
    default: return 0;
  }
}

void address::port(std::uint16_t p) noexcept {
  if (family() != AF_INET && family() != AF_INET6) return;
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  std::uint16_t net = htons(p);
  std::memcpy(bytes_ + offsetof(sockaddr_in, sin_port), &net, sizeof net);
}

std::string address::text() const {
  char text[INET6_ADDRSTRLEN];
  switch (family()) {
    case AF_INET: {
      auto a = as<sockaddr_in>(bytes_);
      ::inet_ntop(AF_INET, &a.sin_addr, text, sizeof text);
      return std::string(text) + ":" + std::to_string(port());
    }
    case AF_INET6: {
      auto a = as<sockaddr_in6>(bytes_);
      ::inet_ntop(AF_INET6, &a.sin6_addr, text, sizeof text);
      return "[" + std::string(text) + "]:" + std::to_string(port());
    }
    case AF_UNIX: {
      const char* path = reinterpret_cast<const char*>(bytes_) + offsetof(sockaddr_un, sun_path);
      std::size_t room = size_ - std::min<std::size_t>(size_, offsetof(sockaddr_un, sun_path));
      if (room > 0 && !*path) return "unix:@" + std::string(path + 1, room - 1);
      return "unix:" + std::string(path, ::strnlen(path, room));
    }
    default: return "";
  }
}

place_name parse_place_name(std::string_view text) {
  place_name p;
  c_string(std::string(text), "a place");
  if (text.starts_with("unix:") && text.size() > 5) {
    p.how = place_name::kind::unix_path;
    p.host = text.substr(5);
    return p;
  }
  if (text.starts_with("tcp:")) {
    std::string_view rest = text.substr(4);
    if (parse_port(rest, p.port)) return p;
    std::size_t colon = rest.rfind(':');
    std::string_view host = rest.substr(0, colon);
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    bool plain = host.find_first_of(":[]") == host.npos;
    if (colon != rest.npos && !host.empty() && (bracketed || plain) &&
        parse_port(rest.substr(colon + 1), p.port)) {
      p.host = bracketed ? host.substr(1, host.size() - 2) : host;
      return p;
    }
  }
  throw usage_error("\"" + std::string(text) +
                    "\" is no place: write tcp:PORT, tcp:HOST:PORT, tcp:[IPV6]:PORT, unix:PATH or "
                    "unix:@NAME");
}

}  // namespace kettle::inline KETTLE_ABI
