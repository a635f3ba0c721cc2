// The HTTP reply reader: any bytes are a reply or a reply_error, however they are cut into pieces.

#include "http_reply.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

// What came of it.
std::string read_in_pieces(std::string_view bytes, std::size_t piece) {
  kettle::app::http_reply reply;
  try {
    while (!bytes.empty() && !reply.done()) {
      auto next = bytes.substr(0, std::max<std::size_t>(piece, 1));
      bytes.remove_prefix(next.size());
      reply.feed(next);
    }
    if (!reply.done()) reply.end();
  } catch (const kettle::app::reply_error&) {
    return "error";  // its text shows what had come by then
  }
  return std::to_string(reply.status()) + " " + reply.body();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (read_in_pieces(bytes, bytes.size()) != read_in_pieces(bytes, data[0])) std::abort();
  return 0;
}
