#pragma once
// Where a socket is: an IPv4 or IPv6 address with a port, or a path.
//
//   auto a = address::ip("::1", 80);  // nullopt if it is no number but a name: resolve() that
//   std::puts(a->text().c_str());     // "[::1]:80"
//
// A value of 112 bytes, copied freely. Threads: any.

#include <kettle/base/require.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kettle::inline KETTLE_ABI {

class address {
 public:
  address() noexcept = default;  // nowhere
  static std::optional<address> ip(std::string_view number,
                                   std::uint16_t port);  // "127.0.0.1", "::1", "[::1]"
  // A socket's file, or "@name": an abstract name, which has no file and goes with its socket.
  // usage_error when it is too long.
  static address path(std::string_view unix_path);
  static address from(const void* sockaddr, std::uint32_t size) noexcept;

  std::string text()
      const;  // "127.0.0.1:80", "[::1]:80", "unix:/run/x", "unix:@name"; "" for nowhere
  std::uint16_t port() const noexcept;
  void port(std::uint16_t p) noexcept;
  int family() const noexcept;  // AF_INET, AF_INET6, AF_UNIX
  const void* data() const noexcept { return bytes_; }
  std::uint32_t size() const noexcept { return size_; }
  explicit operator bool() const noexcept { return size_ > 0; }

 private:
  alignas(8) unsigned char bytes_[108 + 2] = {};
  std::uint16_t size_ = 0;
};

// What listen() and connect() are told: "tcp:80", "tcp:127.0.0.1:80", "tcp:[::1]:80",
// "tcp:example.org:80", "unix:/run/x", "unix:@name". usage_error for anything else.
struct place_name {
  enum class kind : std::uint8_t { tcp, unix_path } how = kind::tcp;
  std::string host;  // empty: every address of this machine; or the path, or '@' and the name
  std::uint16_t port = 0;
};
place_name parse_place_name(std::string_view text);

}  // namespace kettle::inline KETTLE_ABI
