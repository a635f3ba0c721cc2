#include "http_reply.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

namespace kettle::app {
namespace {

constexpr std::string_view protocol = "HTTP/";

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  return std::ranges::all_of(text, [](char c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What a stranger sent, fit for one line of a terminal.
std::string shown(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 24)) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

}  // namespace

bool http_reply::wants_line() const {
  return state_ == state::status_line || state_ == state::headers || state_ == state::chunk_size ||
         state_ == state::chunk_end || state_ == state::trailers;
}

// Known at the first wrong byte, so that a peer which speaks something else is not waited for.
void http_reply::check_beginning() const {
  auto known = std::min(line_.size(), protocol.size());
  if (line_.compare(0, known, protocol.substr(0, known)) != 0)
    throw reply_error(fmt::format("the reply is not HTTP: it begins with \"{}\"", shown(line_)));
}

void http_reply::feed(std::string_view bytes) {
  if (!bytes.empty()) touched_ = true;
  while (!bytes.empty() && !done()) {
    if (!wants_line()) {
      bytes.remove_prefix(take_body(bytes));
      continue;
    }
    auto newline = bytes.find('\n');
    auto piece = bytes.substr(0, newline);
    auto taken = piece.size() + (newline == bytes.npos ? 0 : 1);
    head_bytes_ += state_ == state::chunk_end ? 0 : taken;
    line_.append(piece.substr(0, longest_head + 1));
    if (state_ == state::status_line) check_beginning();
    if (head_bytes_ > longest_head || line_.size() > longest_head)
      throw reply_error("not a sound HTTP reply: its head is longer than 64 KiB");
    bytes.remove_prefix(taken);
    if (newline == bytes.npos) continue;
    if (line_.ends_with('\r')) line_.pop_back();
    std::string line = std::move(line_);
    line_.clear();
    take_line(line);
  }
}

void http_reply::take_line(std::string_view line) {
  if (line.find_first_of(std::string_view("\0\r", 2)) != line.npos)
    throw reply_error("not a sound HTTP reply: a NUL or a bare carriage return in its head");
  switch (state_) {
    case state::status_line: take_status(line); break;
    case state::headers: line.empty() ? head_is_over() : take_header(line); break;
    case state::chunk_size: take_chunk_size(line); break;
    case state::chunk_end:
      if (!line.empty())
        throw reply_error("not a sound HTTP reply: a chunk is longer than it says");
      state_ = state::chunk_size;
      break;
    case state::trailers:
      if (line.empty()) state_ = state::complete;
      break;
    default: break;
  }
}

// "HTTP/1.1 200 OK"
void http_reply::take_status(std::string_view line) {
  bool version = line.starts_with("HTTP/1.0 ") || line.starts_with("HTTP/1.1 ");
  auto digits = version ? line.substr(9, 3) : std::string_view{};
  int code = 0;
  auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  bool sound = error == std::errc{} && stop == digits.data() + 3 && code >= 100 && code <= 599 &&
               (line.size() == 12 || line[12] == ' ');
  if (!sound)
    throw reply_error(
        fmt::format("the reply is not HTTP/1: its first line is \"{}\"", shown(line)));
  status_ = code;
  state_ = state::headers;
}

void http_reply::take_header(std::string_view line) {
  auto colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon)))
    throw reply_error(fmt::format("not a sound HTTP reply: header line \"{}\"", shown(line)));
  auto name = lower(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  if (name == "content-length") {
    std::uint64_t length = 0;
    auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc{} || stop != value.data() + value.size())
      throw reply_error(fmt::format("not a sound HTTP reply: Content-Length \"{}\"", shown(value)));
    if (counted_ && length != length_)
      throw reply_error("not a sound HTTP reply: two Content-Lengths that differ");
    counted_ = true;
    length_ = length;
  } else if (name == "transfer-encoding") {
    if (lower(value) != "chunked")
      throw reply_error(fmt::format("transfer encoding \"{}\" is not understood", shown(value)));
    chunked_ = true;
  }
}

void http_reply::head_is_over() {
  if (status_ == 101) throw reply_error("the peer switched to another protocol");
  if (status_ < 200) {  // an interim reply: the real one follows
    state_ = state::status_line;
    chunked_ = counted_ = false;
    length_ = 0;
    return;
  }
  if (chunked_ && counted_)
    throw reply_error("not a sound HTTP reply: chunked and Content-Length together");
  if (status_ == 204 || status_ == 304) {
    state_ = state::complete;
  } else if (chunked_) {
    state_ = state::chunk_size;
  } else if (counted_) {
    check_body_room(length_);
    state_ = length_ == 0 ? state::complete : state::counted_body;
    body_.reserve(std::min<std::uint64_t>(length_, 1024 * 1024));
  } else {
    state_ = state::body_until_close;
  }
}

void http_reply::take_chunk_size(std::string_view line) {
  auto digits = trimmed(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (error != std::errc{} || stop != digits.data() + digits.size())
    throw reply_error(fmt::format("not a sound HTTP reply: chunk size \"{}\"", shown(digits)));
  check_body_room(size);
  // The lines of small chunks may add up to more than a head: the body's own limit bounds them.
  head_bytes_ = 0;
  length_ = size;
  state_ = size == 0 ? state::trailers : state::chunk_data;
}

std::size_t http_reply::take_body(std::string_view bytes) {
  if (state_ == state::body_until_close) {
    check_body_room(bytes.size());
    body_ += bytes;
    return bytes.size();
  }
  auto take = static_cast<std::size_t>(std::min<std::uint64_t>(length_, bytes.size()));
  body_ += bytes.substr(0, take);
  length_ -= take;
  if (length_ == 0) state_ = state_ == state::chunk_data ? state::chunk_end : state::complete;
  return take;
}

void http_reply::check_body_room(std::uint64_t more) const {
  if (more > longest_body - body_.size()) throw reply_error("the body is longer than 64 MiB");
}

void http_reply::end() {
  switch (state_) {
    case state::complete: return;
    case state::body_until_close: state_ = state::complete; return;
    case state::status_line:
    case state::headers:
      if (!touched_) throw reply_error("the peer closed without an answer");
      throw reply_error("the peer closed inside the head of its reply");
    case state::counted_body:
      throw reply_error(
          fmt::format("the body ended after {} of {} bytes", body_.size(), body_.size() + length_));
    default: throw reply_error("the peer closed inside a chunked body");
  }
}

void http_reply::expect_success() const {
  if (status_ >= 400) throw reply_error(fmt::format("the server answered {}", status_));
  if (status_ >= 300)
    throw reply_error(
        fmt::format("the server answered {}, a redirection, which kettle does not "
                    "follow",
                    status_));
}

}  // namespace kettle::app
