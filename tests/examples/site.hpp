#pragma once
// A small web of the hosts a, b, c, slow and bad, for the examples to walk in without a network.

#include <kettle/core/nursery.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/io/listener.hpp>

#include <chrono>
#include <map>
#include <string>

namespace site {

using namespace std::chrono_literals;

inline const std::map<std::string, std::string>& pages() {
  static const std::map<std::string, std::string> all = {
      {"a/",
       R"(<a href="/1">one</a> <a href="/2">two</a> <a href="http://b/#top">b</a> <a href="/bad">bad</a>)"},
      {"a/1", "one "},
      {"a/2", R"(two <a href="http://a/">back</a>)"},
      {"a/slow", "slow"},
      {"b/", R"(b <a href="http://c/">c</a> <a href="https://elsewhere/">not http</a>)"},
      {"c/", "c's page"},
      {"slow/", "slow's page"},
  };
  return all;
}

inline std::string reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

inline kettle::task<> answer(kettle::stream peer) {
  std::string head = co_await peer.read_until("\r\n\r\n");
  std::size_t path_at = head.find(' ') + 1;
  std::string path = head.substr(path_at, head.find(' ', path_at) - path_at);
  std::size_t host_at = head.find("Host: ") + 6;
  std::string where = head.substr(host_at, head.find("\r\n", host_at) - host_at) + path;
  if (where == "a/slow" || where == "slow/") co_await kettle::sleep_for(20s);
  auto found = pages().find(where);
  std::string text;
  if (found != pages().end())
    text = reply("200 OK", found->second);
  else if (where.find("bad") != where.npos)
    text = reply("500 Internal Server Error", "");
  else
    text = reply("404 Not Found", "");
  co_await peer.write(text);
}

// Never ends by itself; a service.
inline kettle::task<> serve(kettle::nursery& peers, kettle::listener& door) {
  for (;;) {
    kettle::stream peer = co_await door.accept();
    peers.start(kettle::as_outcome, answer, std::move(peer));
  }
}

}  // namespace site
