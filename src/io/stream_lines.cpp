#include <kettle/io/stream.hpp>

#include "io/stream_state.hpp"

#include <algorithm>
#include <cstring>

namespace kettle::inline KETTLE_ABI {

namespace detail {

namespace {

constexpr std::size_t first_capacity = 4096;

std::shared_ptr<read_buffer> buffer_of(stream_state* s) {
  if (!s) throw closed_resource("this stream is closed");
  if (!s->buffer) s->buffer = std::make_shared<read_buffer>();
  return s->buffer;
}

// Receives some more; false at the end of the stream. `s` may be gone when it throws.
task<bool> fill(stream_state* s, read_buffer& b) {
  if (s->reader)
    throw busy_resource("a second reader on one stream (" + s->name() + "): one at a time");
  b.make_room();
  std::size_t n = co_await read_operation(s, b.bytes.get() + b.end, b.capacity - b.end, true);
  b.end += n;
  co_return n > 0;
}

std::string take(read_buffer& b, std::size_t n) {
  std::string out(b.view().substr(0, n));
  b.drop(n);
  return out;
}

// How many bytes it takes up to and including the delimiter; 0 when the stream ends before.
task<std::size_t> find(stream_state* s, read_buffer& b, std::string_view delimiter,
                       std::size_t limit) {
  std::size_t looked_at = 0;
  for (;;) {
    std::size_t at = b.view().find(delimiter, looked_at);
    std::size_t length = at == std::string_view::npos ? b.size() : at + delimiter.size();
    if (length > limit || (at == std::string_view::npos && length == limit))
      throw limit_overrun(limit);
    if (at != std::string_view::npos) co_return length;
    looked_at = b.size() - std::min(b.size(), delimiter.size() - 1);
    if (!co_await fill(s, b)) co_return 0;
  }
}

}  // namespace

void read_buffer::make_room() {
  if (end < capacity) return;
  if (begin >= capacity / 2 && begin > 0) {
    std::memmove(bytes.get(), bytes.get() + begin, size());
  } else {
    std::size_t larger = std::max(first_capacity, capacity * 2);
    std::unique_ptr<char[]> more(new char[larger]);
    if (size() > 0) std::memcpy(more.get(), bytes.get() + begin, size());
    bytes = std::move(more);
    capacity = larger;
  }
  end = size();
  begin = 0;
}

}  // namespace detail

task<std::string> stream::read_some(std::size_t most) {
  std::string out(most, '\0');
  out.resize(co_await read(std::span<char>(out)));
  co_return out;
}

task<std::optional<std::string>> stream::read_line(std::size_t limit) {
  detail::stream_state* s = state_.get();
  auto b = detail::buffer_of(s);
  std::size_t length = co_await detail::find(s, *b, "\n", limit);
  if (length == 0) {
    if (b->size() == 0) co_return std::nullopt;
    co_return detail::take(*b, b->size());
  }
  std::string line = detail::take(*b, length);
  line.pop_back();
  if (!line.empty() && line.back() == '\r') line.pop_back();
  co_return line;
}

task<std::string> stream::read_until(std::string delimiter, std::size_t limit) {
  if (delimiter.empty()) throw usage_error("read_until: the delimiter is empty");
  detail::stream_state* s = state_.get();
  auto b = detail::buffer_of(s);
  std::size_t length = co_await detail::find(s, *b, delimiter, limit);
  if (length == 0) throw incomplete_read(detail::take(*b, b->size()), 0);
  co_return detail::take(*b, length);
}

task<std::string> stream::read_exactly(std::size_t bytes) {
  detail::stream_state* s = state_.get();
  auto b = detail::buffer_of(s);
  while (b->size() < bytes)
    if (!co_await detail::fill(s, *b)) throw incomplete_read(detail::take(*b, b->size()), bytes);
  co_return detail::take(*b, bytes);
}

task<std::string> stream::read_all(std::size_t limit) {
  detail::stream_state* s = state_.get();
  auto b = detail::buffer_of(s);
  do {
    if (b->size() > limit) throw limit_overrun(limit);
  } while (co_await detail::fill(s, *b));
  co_return detail::take(*b, b->size());
}

}  // namespace kettle::inline KETTLE_ABI
