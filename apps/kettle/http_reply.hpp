#pragma once
// Reads one HTTP/1.1 reply as it arrives, strictly and within limits.
//
//   http_reply reply;
//   while (!reply.done()) {
//     auto n = co_await peer.read(buffer);
//     n ? reply.feed({buffer, n}) : reply.end();
//   }
//   use(reply.status(), reply.body());
//
// It knows Content-Length, chunked and until-close bodies, skips 100-like interim replies, and
// throws reply_error with a sentence for everything else. It does no input itself, so it serves
// every method alike. One thread at a time; no cancellation, it never waits.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kettle::app {

class reply_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class http_reply {
 public:
  static constexpr std::size_t longest_head = 64 * 1024;
  static constexpr std::size_t longest_body = 64 * 1024 * 1024;

  void feed(std::string_view bytes);  // throws reply_error; bytes after the reply are ignored
  void end();                         // the peer has closed; throws reply_error if too early
  bool done() const { return state_ == state::complete; }

  int status() const { return status_; }
  const std::string& body() const { return body_; }

  // A status of 400 and more is a failure; 3xx is not followed, and is one too.
  void expect_success() const;

 private:
  enum class state {
    status_line,
    headers,
    counted_body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    body_until_close,
    complete
  };

  bool wants_line() const;
  void take_line(std::string_view line);
  void take_status(std::string_view line);
  void take_header(std::string_view line);
  void take_chunk_size(std::string_view line);
  void head_is_over();
  std::size_t take_body(std::string_view bytes);
  void check_body_room(std::uint64_t more) const;
  void check_beginning() const;

  state state_ = state::status_line;
  std::string line_;            // of the line being read, without its end
  std::size_t head_bytes_ = 0;  // of all heads and trailers so far
  int status_ = 0;
  bool chunked_ = false;
  bool counted_ = false;
  std::uint64_t length_ = 0;  // Content-Length, then what is left of the body or chunk
  std::string body_;
  bool touched_ = false;  // at least one byte came
};

}  // namespace kettle::app
