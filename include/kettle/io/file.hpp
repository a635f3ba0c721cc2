#pragma once
// Files, without stopping the loop: in the ring where there is one, else on a lane of four threads.
//
//   std::string text = co_await read_file("/etc/hostname");
//   co_await write_file("out.txt", text);           // truncates, creates
//   file f = co_await open_file("data.bin", file_mode::read);
//   std::size_t n = co_await f.read(buffer, 4096);  // at offset 4096; 0: behind the end
//
// file is movable and closes when it goes. Reads and writes at different offsets may happen at
// once. What they are given must live until they have ended. Cancellation: an operation that the
// disk has begun is finished first. Errors are io_error with the path. Threads: any, one at a time.
//
// FIFOs, terminals and other devices are waited for on the loop, and cancelled like a stream:
// nothing here holds a thread of the lane until another process does something. read_file of such a
// one ends when its writers have gone, or with limit_overrun after 1 GiB; where it has no offsets,
// those that are given mean nothing.

#include <kettle/coro/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace kettle::inline KETTLE_ABI {

enum class file_mode : std::uint8_t {
  read,
  write,       // created or truncated
  read_write,  // created, kept
  append,      // created; writes go to the end, whatever their offset
};

class file {
 public:
  file() noexcept = default;  // closed
  file(int fd, std::string path) noexcept;
  file(file&& o) noexcept
      : fd_(std::exchange(o.fd_, -1)),
        kind_(o.kind_),
        lent_(std::move(o.lent_)),
        path_(std::move(o.path_)) {}
  file& operator=(file&& o) noexcept;
  ~file() { close(); }

  task<std::size_t> read(std::span<std::byte> into, std::int64_t offset);
  task<std::size_t> read(std::span<char> into, std::int64_t offset);
  task<> write(std::span<const std::byte> all, std::int64_t offset);  // all of it, or an error
  task<> write(std::string_view all, std::int64_t offset);
  task<std::int64_t> size();
  void close() noexcept;
  bool is_open() const noexcept { return fd_ >= 0; }
  const std::string& path() const noexcept { return path_; }

 private:
  // A device has offsets, a pipe has none.
  enum class kind : std::uint8_t { on_disk, device, pipe };

  task<long> transfer(bool reads, void* data, std::size_t size, std::int64_t offset);
  std::shared_ptr<int> lend();

  int fd_ = -1;
  kind kind_ = kind::on_disk;
  // The descriptor, once a thread of the lane has used it: it stays open until the last call that
  // has it has ended, since its number may soon mean another file.
  std::shared_ptr<int> lent_;
  std::string path_;
};

task<file> open_file(std::string path, file_mode mode = file_mode::read);
task<std::string> read_file(std::string path);
task<> write_file(std::string path, std::string data);

}  // namespace kettle::inline KETTLE_ABI
