#pragma once
// A byte stream: a TCP or unix connection, or an end of a pipe.
//
//   stream s = co_await connect("tcp:example.org:80");
//   co_await s.write("GET / HTTP/1.0\r\n\r\n");  // all of it, or an error that says how much
//   while (auto line = co_await s.read_line()) std::puts(line->c_str());
//
// Movable; owns its descriptor and closes it when it goes. What an operation is given (spans,
// views) is the operation's until it has ended. One reader and one writer at a time: a second one
// gets busy_resource. close() ends those who wait with closed_resource. Errors of the system are
// io_error with the peer's address. Nothing raises SIGPIPE. Cancellation: a read that was faster is
// returned; a cancelled read has taken nothing. A cancelled write may have sent a part:
// last_written() tells. Threads: one at a time; a stream may be given to another thread when nobody
// waits on it.

#include <kettle/io/address.hpp>
#include <kettle/io/io_wait.hpp>

#include <kettle/base/error.hpp>
#include <kettle/coro/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kettle::inline KETTLE_ABI {

// The system refused to take more: `written` bytes of this write() went out before.
struct write_error : io_error {
  write_error(int error_number, const std::string& object, std::size_t written_bytes,
              std::size_t wanted);
  std::size_t written;
};

namespace detail {

struct stream_state;
struct stream_state_delete {
  void operator()(stream_state* s) const noexcept;
};

class stream_operation : public io_wait {
 public:
  stream_operation(stream_state* s, io_kind k, void* bytes, std::size_t n) noexcept
      : io_wait(k), state_(s) {
    data = bytes;
    size = n;
  }
  bool start() override;

 protected:
  friend struct stream_state;
  void ended() noexcept override;
  [[noreturn]] void fail(const char* operation) const;  // what `result` means, thrown
  bool reads() const noexcept { return kind == io_kind::recv || kind == io_kind::read; }

  stream_state* state_;  // null once the stream is gone
};

}  // namespace detail

// -> bytes read, 0 at the end of the stream.
class KETTLE_WAIT read_operation : public operation<read_operation, detail::stream_operation> {
 public:
  read_operation(detail::stream_state* s, void* bytes, std::size_t n,
                 bool past_buffer = false) noexcept;
  bool start() override;
  std::size_t finish() const;
  const char* what() const noexcept override { return "stream.read"; }

 private:
  bool past_buffer_;
};

// write: everything; -> nothing. write_some: what the kernel takes at once, at least a byte; ->
// bytes.
class write_base : public detail::stream_operation {
 public:
  write_base(detail::stream_state* s, const void* bytes, std::size_t n, bool all) noexcept;
  const char* what() const noexcept override { return "stream.write"; }
  bool start() override;

 protected:
  // Before start(), which a scope that is cancelled already never lets it come to: then nothing
  // was written.
  void forget_the_last_one() const noexcept;
  bool step() noexcept override;
  std::size_t finish_write() const;

 private:
  std::size_t wanted_, written_ = 0;
  bool all_;
};
class KETTLE_WAIT write_operation : public operation<write_operation, write_base> {
 public:
  write_operation(detail::stream_state* s, const void* bytes, std::size_t n) noexcept
      : operation(s, bytes, n, true) {}
  bool begin(context& c) {
    forget_the_last_one();
    return operation::begin(c);
  }
  void finish() const { finish_write(); }
};
class KETTLE_WAIT write_some_operation : public operation<write_some_operation, write_base> {
 public:
  write_some_operation(detail::stream_state* s, const void* bytes, std::size_t n) noexcept
      : operation(s, bytes, n, false) {}
  bool begin(context& c) {
    forget_the_last_one();
    return operation::begin(c);
  }
  std::size_t finish() const { return finish_write(); }
};

class stream {
 public:
  static constexpr std::size_t line_limit = 65536;

  stream() noexcept = default;  // closed
  explicit stream(detail::stream_state* s) noexcept : state_(s) {}
  // Takes over a descriptor: a connected socket, a pipe's end, a terminal.
  static stream adopt(int fd);

  read_operation read(std::span<std::byte> into) noexcept {
    return {state_.get(), into.data(), into.size()};
  }
  read_operation read(std::span<char> into) noexcept {
    return {state_.get(), into.data(), into.size()};
  }
  // At most so many bytes, as soon as there are some; empty at the end.
  task<std::string> read_some(std::size_t most = 16384);
  // A line without its end ("\n" or "\r\n"); the last one may lack it; nullopt at the end.
  // limit_overrun when none ends within the limit: nothing is taken then.
  task<std::optional<std::string>> read_line(std::size_t limit = line_limit);
  // Up to and including the delimiter. incomplete_read, limit_overrun.
  task<std::string> read_until(std::string delimiter, std::size_t limit = line_limit);
  // incomplete_read, with what had come, when the stream ends before.
  task<std::string> read_exactly(std::size_t bytes);
  task<std::string> read_all(std::size_t limit = std::size_t(1) << 30);

  write_operation write(std::span<const std::byte> all) noexcept {
    return {state_.get(), all.data(), all.size()};
  }
  write_operation write(std::string_view all) noexcept {
    return {state_.get(), all.data(), all.size()};
  }
  write_some_operation write_some(std::span<const std::byte> b) noexcept {
    return {state_.get(), b.data(), b.size()};
  }
  write_some_operation write_some(std::string_view b) noexcept {
    return {state_.get(), b.data(), b.size()};
  }
  std::size_t last_written()
      const noexcept;  // bytes of the last write that went out, however it ended

  void shutdown();        // no more will be written: the peer reads the end. Reading goes on
  void close() noexcept;  // whoever waits gets closed_resource
  bool is_open() const noexcept;
  address peer() const;  // nowhere for a pipe
  address local() const;

 private:
  std::unique_ptr<detail::stream_state, detail::stream_state_delete> state_;
};

}  // namespace kettle::inline KETTLE_ABI
