#pragma once
// How the theme `streams` carries a text from a writer to a reader, each reading and writing in
// random ways, some of them cut short.

#include "soak.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace soak {

// What is written: lines of letters, each byte known by its place.
class text {
 public:
  explicit text(std::uint32_t seed) noexcept : seed_(seed) {}
  char at(std::size_t i) const noexcept {
    const std::uint32_t mixed = (std::uint32_t(i) + seed_) * 2654435761u >> 12;
    return mixed % 50 == 0 ? '\n' : char('a' + mixed % 26);
  }
  std::string part(std::size_t from, std::size_t n) const {
    std::string all;
    for (std::size_t i = from; i < from + n; i++) all += at(i);
    return all;
  }

 private:
  std::uint32_t seed_;
};

// One way from a writer to a reader.
struct transfer {
  transfer(std::pair<stream, stream> ends, chance& random)
      : in(std::move(ends.first)),
        out(std::move(ends.second)),
        content(random(1u << 20)),
        total(random(1u << random.between(1, 18))),
        for_writer(random.branch()),
        for_reader(random.branch()) {
    while (content.at(total) == '\n') total++;  // so that the last line tells whether it has ended
  }
  ~transfer() { check(read <= written, "no more is read than was written"); }
  void take(const std::string& bytes) {
    check(bytes == content.part(read, bytes.size()), "what is read is what was written, in order");
    read += bytes.size();
  }

  stream in, out;
  const text content;
  std::size_t total;
  std::size_t written = 0, read = 0;  // one each for writer and reader
  chance for_writer, for_reader;
};

inline task<std::string> read_span(transfer& t) {
  std::string bytes(t.for_reader.between(1, 4096), ' ');
  bytes.resize(co_await t.in.read(std::span<char>(bytes)));
  co_return bytes;
}
inline task<std::string> read_some(transfer& t) {
  return t.in.read_some(t.for_reader.between(1, 9000));
}
inline task<std::string> read_exactly(transfer& t) {
  try {
    co_return co_await t.in.read_exactly(t.for_reader.between(1, 3000));
  } catch (const incomplete_read& end) {
    co_return end.partial;
  }
}
inline task<std::string> read_line(transfer& t) {
  std::optional<std::string> line = co_await t.in.read_line();
  if (!line) co_return "";
  const bool ended = t.content.at(t.read + line->size()) == '\n';
  co_return ended ? *line + '\n' : *line;
}
inline task<std::string> read_until(transfer& t) {
  try {
    co_return co_await t.in.read_until("e");
  } catch (const incomplete_read& end) {
    co_return end.partial;
  }
}
inline task<std::string> read_all(transfer& t) { return t.in.read_all(); }

using reading = task<std::string> (*)(transfer&);
constexpr reading readings[] = {read_span, read_some,  read_exactly,
                                read_line, read_until, read_all};

// Until the end of the stream; some reads are cut short, and have taken nothing then.
inline task<> read_to_end(transfer& t) {
  for (;;) {
    const reading how = t.for_reader.of(readings);
    std::optional<std::string> got;
    if (t.for_reader.one_in(4))
      got = co_await how(t);
    else
      got = co_await move_on_after(t.for_reader.moment(), how(t));
    if (got && got->empty()) co_return;
    if (got) t.take(*got);
  }
}

// A write that is cut short has sent what last_written() says.
inline task<> write_part(transfer& t) {
  const std::size_t left = t.total - t.written;
  const std::string part =
      t.content.part(t.written, std::min<std::size_t>(left, t.for_writer.between(1, 60'000)));
  const duration moment = t.for_writer.one_in(4) ? duration::max() : t.for_writer.moment();
  try {
    if (t.for_writer.one_in(3)) {
      auto sent = co_await move_on_after(moment, t.out.write_some(part));
      check(!sent || *sent == t.out.last_written(), "write_some and last_written agree");
    } else {
      const bool whole = co_await move_on_after(moment, t.out.write(part));
      check(!whole || t.out.last_written() == part.size(), "a write that returns wrote all");
    }
  } catch (...) {
    t.written += t.out.last_written();
    throw;
  }
  t.written += t.out.last_written();
}

inline task<> write_to_end(transfer& t) {
  while (t.written < t.total) co_await write_part(t);
  if (t.for_writer.one_in(2)) t.out.shutdown();
  t.out.close();
}

}  // namespace soak
