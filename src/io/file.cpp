#include <kettle/io/file.hpp>
#include <kettle/io/io_wait.hpp>

#include "core/home.hpp"
#include "io/lanes.hpp"
#include "io/stream_state.hpp"
#include "sys/file.hpp"

#include <algorithm>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::size_t chunk_bytes = 1 << 18;

// One transfer in the ring; -> bytes or -errno.
class KETTLE_WAIT disk_operation : public operation<disk_operation, detail::io_wait> {
 public:
  disk_operation(io_kind k, int file, void* bytes, std::size_t n, std::int64_t at) noexcept
      : operation(k) {
    fd = file;
    data = bytes;
    size = n;
    offset = at;
  }
  bool start() override { return begin_request(); }
  void cancel() noexcept override {}  // a disk answers soon, and what it has begun counts
  long finish() const noexcept { return result; }
  const char* what() const noexcept override { return "file"; }
};

bool have_ring() { return home::here().io().kind() == backend_kind::io_uring; }

int flags_of(file_mode m) noexcept {
  switch (m) {
    case file_mode::read: return O_RDONLY;
    case file_mode::write: return O_WRONLY | O_CREAT | O_TRUNC;
    case file_mode::read_write: return O_RDWR | O_CREAT;
    case file_mode::append: return O_WRONLY | O_CREAT | O_APPEND;
  }
  return O_RDONLY;
}

void check_open(int fd) {
  if (fd < 0) throw closed_resource("this file is closed");
}

long check(long r, const char* operation, const std::string& path) {
  if (r < 0) throw_io_error(int(-r), operation, path);
  return r;
}

task<long> transfer(io_kind k, int fd, void* data, std::size_t size, std::int64_t offset) {
  if (have_ring()) co_return co_await disk_operation(k, fd, data, size, offset);
  if (k == io_kind::read) co_return co_await on_file_lane(sys::read_at, fd, data, size, offset);
  co_return co_await on_file_lane(sys::write_at, fd, data, size, offset);
}

// On the lane.
sys::unique_fd open_there(const std::string& path, int flags) {
  return sys::open_file(path.c_str(), flags);
}

std::string read_there(const std::string& path) {
  sys::unique_fd fd = sys::open_file(path.c_str(), O_RDONLY);
  check(-long(fd.error()), "open", path);
  std::string all;
  std::int64_t expected = std::max<std::int64_t>(sys::file_size(fd.get()), 0);
  for (;;) {  // to the end, not to the size: files grow, and those in /proc say 0
    std::size_t have = all.size();
    std::size_t left = std::size_t(expected) > have ? std::size_t(expected) - have : 0;
    all.resize(have + std::min(left + 1, std::max(left, chunk_bytes)));
    long n = check(sys::read_next(fd.get(), all.data() + have, all.size() - have), "read", path);
    all.resize(have + std::size_t(n));
    if (n == 0) return all;
    check_cancelled();
  }
}

void write_there(const std::string& path, const std::string& data) {
  sys::unique_fd fd = sys::open_file(path.c_str(), flags_of(file_mode::write));
  check(-long(fd.error()), "open", path);
  for (std::size_t done = 0; done < data.size();) {
    done += std::size_t(
        check(sys::write_at(fd.get(), data.data() + done, std::min(data.size() - done, chunk_bytes),
                            std::int64_t(done)),
              "write", path));
    check_cancelled();
  }
}

}  // namespace

file& file::operator=(file&& o) noexcept {
  if (this != &o) {
    close();
    fd_ = std::exchange(o.fd_, -1);
    path_ = std::move(o.path_);
  }
  return *this;
}

void file::close() noexcept {
  if (fd_ >= 0) detail::close_descriptor(std::exchange(fd_, -1));
}

task<std::size_t> file::read(std::span<char> into, std::int64_t offset) {
  check_open(fd_);
  co_return std::size_t(check(
      co_await transfer(io_kind::read, fd_, into.data(), into.size(), offset), "read", path_));
}

task<std::size_t> file::read(std::span<std::byte> into, std::int64_t offset) {
  return read(std::span<char>(reinterpret_cast<char*>(into.data()), into.size()), offset);
}

task<> file::write(std::string_view all, std::int64_t offset) {
  check_open(fd_);
  while (!all.empty()) {
    void* from = const_cast<char*>(all.data());
    long n =
        check(co_await transfer(io_kind::write, fd_, from, all.size(), offset), "write", path_);
    all.remove_prefix(std::size_t(n));
    offset += n;
  }
}

task<> file::write(std::span<const std::byte> all, std::int64_t offset) {
  return write(std::string_view(reinterpret_cast<const char*>(all.data()), all.size()), offset);
}

task<std::int64_t> file::size() {
  check_open(fd_);
  co_return check(co_await on_file_lane(sys::file_size, fd_), "size", path_);
}

task<file> open_file(std::string path, file_mode mode) {
  sys::unique_fd fd = co_await on_file_lane(open_there, path, flags_of(mode));
  check(-long(fd.error()), "open", path);
  co_return file(fd.release(), std::move(path));
}

task<std::string> read_file(std::string path) {
  co_return co_await on_file_lane(read_there, std::move(path));
}

task<> write_file(std::string path, std::string data) {
  co_await on_file_lane(write_there, std::move(path), std::move(data));
}

}  // namespace kettle::inline KETTLE_ABI
