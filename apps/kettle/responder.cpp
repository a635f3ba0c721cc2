#include "responder.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <array>
#include <charconv>
#include <stdexcept>

namespace kettle::app {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::array<std::string_view, 32> words = {
    "water",  "boils",  "when",   "the",   "kettle", "is",    "full",   "of",
    "leaves", "and",    "steam",  "a",     "cup",    "waits", "until",  "nobody",
    "looks",  "then",   "coffee", "toast", "bread",  "honey", "slowly", "again",
    "twice",  "before", "after",  "under", "copper", "lid",   "sings",  "morning"};

std::string with_head(std::string_view status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nServer: kettle\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}",
      status, body.size(), body);
}

std::string read_line(int fd) {
  std::string line;
  char c;
  while (::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

}  // namespace

responder::responder(int delay_ms)
    : process_(child::start({own_path(), responder_verb, std::to_string(delay_ms)})) {
  auto line = read_line(process_.output());
  auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), port_);
  if (error != std::errc{} || stop != line.data() + line.size() || port_ == 0)
    throw std::runtime_error("kettle's own responder did not start");
}

std::string responder::address(std::size_t page) const {
  return fmt::format("http://127.0.0.1:{}/page/{}", port_, page);
}

std::string page_text(std::size_t page) {
  std::uint64_t state = page * 0x9e3779b97f4a7c15u + 1;
  std::string text = fmt::format("page {}\n", page);
  while (text.size() < page_bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
    text += words[(state >> 33) % words.size()];
    text += (state >> 40) % 12 == 0 ? '\n' : ' ';
  }
  return text;
}

std::string reply_to(std::string_view head) {
  auto line = head.substr(0, head.find_first_of("\r\n"));
  auto blank = line.find(' ');
  auto second = line.find(' ', blank == line.npos ? line.npos : blank + 1);
  if (second == line.npos || !line.substr(second).starts_with(" HTTP/1."))
    return with_head("400 Bad Request", "this is not a request\n");
  if (line.substr(0, blank) != "GET") return with_head("405 Method Not Allowed", "only GET\n");
  auto target = line.substr(blank + 1, second - blank - 1);
  constexpr std::string_view prefix = "/page/";
  std::size_t page = 0;
  if (target.starts_with(prefix)) {
    auto digits = target.substr(prefix.size());
    auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), page);
    if (error == std::errc{} && stop == digits.data() + digits.size())
      return with_head("200 OK", page_text(page));
  }
  return with_head("404 Not Found", "there are only pages with numbers: /page/7\n");
}

}  // namespace kettle::app
