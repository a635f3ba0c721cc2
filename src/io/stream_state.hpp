#pragma once
// What a stream is made of. The stream points here, so that it can be moved while somebody waits on
// it.

#include <kettle/io/address.hpp>
#include <kettle/io/stream.hpp>

#include <memory>
#include <string>

namespace kettle::inline KETTLE_ABI::detail {

// Bytes received and not yet asked for. Shared with who fills it: closing the stream frees the
// stream's half while the kernel may still write here.
struct read_buffer {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0, begin = 0, end = 0;

  std::size_t size() const noexcept { return end - begin; }
  std::string_view view() const noexcept { return {bytes.get() + begin, size()}; }
  void drop(std::size_t n) noexcept {
    begin += n;
    if (begin == end) begin = end = 0;
  }
  void make_room();
};

struct stream_state {
  ~stream_state();
  void close() noexcept;

  int fd = -1;
  bool is_socket = true;
  address peer;
  const char* fallback_name = "";      // of what has no address
  stream_operation* reader = nullptr;  // the one that waits
  stream_operation* writer = nullptr;
  std::size_t last_written = 0;
  std::shared_ptr<read_buffer> buffer;

  std::string name() const { return peer ? peer.text() : fallback_name; }
};

// A socket that is connected: NODELAY and the peer's name are seen to. Owns fd from the call on.
stream make_stream(int fd, address peer);
stream make_stream_of_accepted(int fd);
// A pipe's end, a terminal.
stream make_plain_stream(int fd, const char* name);
// On the home of the thread; also when it has no back end, or another one than at the beginning.
void close_descriptor(int fd) noexcept;

}  // namespace kettle::inline KETTLE_ABI::detail
