#pragma once
// An http URL taken apart: what to connect to and what to ask for.
//
//   url page = parse_url("http://[::1]:8080/a?b#c");
//   page.host == "::1";  page.port == 8080;  page.target == "/a?b";
//
// Strict: what it does not understand it refuses by name; control characters and blanks never reach
// a request.

#include <cstdint>
#include <string>
#include <string_view>

namespace kettle::app {

struct url {
  std::string text;  // as it was given
  std::string host;  // without brackets
  std::uint16_t port = 80;
  std::string target;     // path and query, starts with '/'
  std::string authority;  // for the Host line, with brackets and port as given
};

// Throws bad_input (exit_usage) naming the URL and what is wrong with it.
url parse_url(std::string_view text);

// The whole request for it: GET, Host, Connection: close.
std::string request_for(const url& page);

}  // namespace kettle::app
