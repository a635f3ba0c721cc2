#include "url.hpp"

#include "bad_input.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

namespace kettle::app {
namespace {

constexpr std::size_t longest_url = 8192;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw bad_input(exit_usage, fmt::format("{}: {}", text, why));
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::uint16_t parse_port(std::string_view text, std::string_view digits) {
  unsigned value = 0;
  const char* end = digits.data() + digits.size();
  auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end || value < 1 || value > 65535)
    refuse(text, fmt::format("\"{}\" is not a port from 1 to 65535", digits));
  return static_cast<std::uint16_t>(value);
}

// host, host:port, [v6] or [v6]:port
void parse_authority(url& out, std::string_view authority) {
  out.authority = authority;
  std::string_view rest;
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == authority.npos) refuse(out.text, "the [ of the address is not closed");
    out.host = authority.substr(1, close - 1);
    rest = authority.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') refuse(out.text, "after ] only a port may follow");
  } else {
    auto colon = authority.find(':');
    out.host = authority.substr(0, colon);
    if (colon != authority.npos) rest = authority.substr(colon);
    if (rest.find(':', 1) != rest.npos)
      refuse(out.text, "an IPv6 address stands in brackets: http://[::1]:80/");
  }
  if (out.host.empty()) refuse(out.text, "there is no host");
  if (!rest.empty()) out.port = parse_port(out.text, rest.substr(1));
}

}  // namespace

url parse_url(std::string_view text) {
  url out;
  out.text = text;
  if (text.size() > longest_url) refuse(text.substr(0, 60), "the URL is longer than 8 KiB");
  for (unsigned char c : text)
    if (c <= ' ' || c == 0x7f) refuse(text, "blanks and control characters do not belong in a URL");

  auto colon = text.find("://");
  if (colon == text.npos) refuse(text, "not a URL: it must begin with http://");
  auto scheme = text.substr(0, colon);
  if (same_letters(scheme, "https"))
    refuse(text,
           "https needs TLS, which kettle does not have yet (its TLS room, over OpenSSL, is "
           "still to come): only http:// works");
  if (!same_letters(scheme, "http"))
    refuse(text, fmt::format("kettle speaks http://, not {}://", scheme));

  auto rest = text.substr(colon + 3);
  auto end = rest.find_first_of("/?#");
  auto authority = rest.substr(0, end);
  if (authority.find('@') != authority.npos)
    refuse(text, "a name and password in the URL are not supported");
  parse_authority(out, authority);

  auto target = end == rest.npos ? std::string_view{} : rest.substr(end);
  target = target.substr(0, target.find('#'));
  if (!target.starts_with('/')) out.target = '/';
  out.target += target;
  return out;
}

std::string request_for(const url& page) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: kettle\r\nAccept: */*\r\nConnection: "
      "close\r\n\r\n",
      page.target, page.authority);
}

}  // namespace kettle::app
