#pragma once
// kettle's own HTTP responder: a page for every number, each answered after a fixed delay.
//
//   responder pages(20);                        // a process of its own, on loopback
//   fetch(pages.address(7));                    // "http://127.0.0.1:PORT/page/7"; 20 ms later:
//   page_text(7)
//
// Plain epoll and nothing of the library, so that it cannot favour a method. It holds at least 10
// 000 connections, keeps none of them busy, and ends when its owner ends, however that ends.

#include "child.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace kettle::app {

class responder {
 public:
  explicit responder(int delay_ms);  // returns when it listens; throws std::runtime_error

  std::string address(std::size_t page) const;
  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_.pid(); }

 private:
  child process_;
  std::uint16_t port_ = 0;
};

inline constexpr const char* responder_verb = "__responder";

// What that process does: listens, writes the port and a newline to `announce`, serves until
// `lifeline` is closed at its other end. Returns an exit status.
int serve_pages(int delay_ms, int lifeline, int announce);

// The same text every time, about 4 KiB of words.
std::string page_text(std::size_t page);

// The reply to one request head, "GET /page/7 HTTP/1.1" and so on; wrong ones get 400, 404, 405.
std::string reply_to(std::string_view head);

}  // namespace kettle::app
