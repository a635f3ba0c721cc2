#include <kettle/core/sleep.hpp>
#include <kettle/io/file.hpp>
#include <kettle/io/io_wait.hpp>
#include <kettle/io/pipe.hpp>

#include "base/c_string.hpp"
#include "core/home.hpp"
#include "io/lanes.hpp"
#include "io/stream_state.hpp"
#include "loop/kernel_backend.hpp"
#include "sys/file.hpp"
#include "sys/stream.hpp"

#include <algorithm>
#include <chrono>
#include <functional>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::size_t chunk_bytes = 1 << 18;

constexpr duration reader_pause = std::chrono::milliseconds(20);

// One transfer; -> bytes or -errno.
class KETTLE_WAIT file_operation : public operation<file_operation, detail::io_wait> {
 public:
  file_operation(io_kind k, int file, void* bytes, std::size_t n, std::int64_t at,
                 bool on_disk) noexcept
      : operation(k), on_disk_(on_disk) {
    fd = file;
    data = bytes;
    size = n;
    offset = at;
  }
  bool start() override { return begin_request(); }
  void cancel() noexcept override {
    if (!on_disk_) io_wait::cancel();  // a disk answers soon, and what it has begun counts
  }
  long finish() const {
    if (was_closed()) throw closed_resource("this file was closed while somebody waited on it");
    return result;
  }
  const char* what() const noexcept override { return "file"; }

 private:
  bool on_disk_;
};

backend_kind loop_kind() { return home::here().io().kind(); }

[[noreturn]] void throw_not_virtual(const std::string& path) {
  throw usage_error(path + " is waited for in real time, not in run()'s virtual time");
}

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

// On the lane, all of these.
sys::unique_fd open_there(const std::string& path, int flags) {
  sys::unique_fd fd = sys::open_file_now(c_string(path, "open_file: the path"), flags);
  // The ring takes the flag for "rather fail than wait for the disk".
  if (fd && sys::is_on_disk(fd.get())) sys::make_blocking(fd.get());
  return fd;
}

using lent = std::shared_ptr<int>;

long read_lent(const lent& fd, void* data, std::size_t size, std::int64_t offset) {
  return sys::read_at(*fd, data, size, offset);
}
long write_lent(const lent& fd, const void* data, std::size_t size, std::int64_t offset) {
  return sys::write_at(*fd, data, size, offset);
}

bool is_fifo_there(const std::string& path) { return sys::is_fifo(path.c_str()); }

struct begun {
  std::string text;
  sys::unique_fd rest;  // what is still to be waited for and read
};

begun read_there(const std::string& path) {
  sys::unique_fd fd = sys::open_file_now(c_string(path, "read_file: the path"), O_RDONLY);
  check(-long(fd.error()), "open", path);
  std::string all;
  if (!sys::is_on_disk(fd.get())) return {std::move(all), std::move(fd)};
  std::int64_t expected = std::max<std::int64_t>(sys::file_size(fd.get()), 0);
  for (;;) {  // to the end, not to the size: files grow, and those in /proc say 0
    std::size_t have = all.size();
    std::size_t left = std::size_t(expected) > have ? std::size_t(expected) - have : 0;
    all.resize(have + std::min(left + 1, std::max(left, chunk_bytes)));
    long n = sys::read_next(fd.get(), all.data() + have, all.size() - have);
    all.resize(have + std::size_t(std::max(n, 0L)));
    if (n == -EAGAIN) return {std::move(all), std::move(fd)};  // some in /proc are read by waiting
    if (check(n, "read", path) == 0) return {std::move(all), {}};
    check_cancelled();
  }
}

// What it gives is still to be waited for and written. -ENXIO: a FIFO that nobody reads, perhaps.
sys::unique_fd write_there(const std::string& path, const std::string& data) {
  sys::unique_fd fd =
      sys::open_file_now(c_string(path, "write_file: the path"), flags_of(file_mode::write));
  if (fd.error() == ENXIO) return fd;
  check(-long(fd.error()), "open", path);
  if (!sys::is_on_disk(fd.get())) return fd;
  for (std::size_t done = 0; done < data.size();) {
    done += std::size_t(
        check(sys::write_at(fd.get(), data.data() + done, std::min(data.size() - done, chunk_bytes),
                            std::int64_t(done)),
              "write", path));
    check_cancelled();
  }
  // Where files lie on another machine, only this may tell that there was no room for them.
  check(sys::close_fd(fd.release()), "close", path);
  return {};
}

// Nothing tells when somebody begins to read a FIFO: so it is looked at from time to time.
task<sys::unique_fd> opened(const std::string& path, int flags) {
  for (;;) {
    sys::unique_fd fd = co_await on_file_lane(open_there, path, flags);
    if (fd.error() != ENXIO || !co_await on_file_lane(is_fifo_there, path)) {
      check(-long(fd.error()), "open", path);
      co_return fd;
    }
    if (loop_kind() == backend_kind::sim) throw_not_virtual(path);
    co_await sleep_for(reader_pause);
  }
}

// What is waited for has no size to go by.
task<std::string> read_rest(file f, std::string text) {
  constexpr std::size_t most = std::size_t(1) << 30;
  for (;;) {
    std::size_t have = text.size();
    text.resize(have + chunk_bytes);
    std::size_t n = co_await f.read(std::span<char>(text).subspan(have), std::int64_t(have));
    text.resize(have + n);
    if (n == 0) co_return text;
    if (text.size() > most) throw limit_overrun(most);
  }
}

}  // namespace

file::file(int fd, std::string path) noexcept : fd_(fd), path_(std::move(path)) {
  if (fd >= 0 && !sys::is_on_disk(fd)) kind_ = sys::has_offsets(fd) ? kind::device : kind::pipe;
}

file& file::operator=(file&& o) noexcept {
  if (this != &o) {
    close();
    fd_ = std::exchange(o.fd_, -1);
    kind_ = o.kind_;
    lent_ = std::move(o.lent_);
    path_ = std::move(o.path_);
  }
  return *this;
}

void file::close() noexcept {
  int fd = std::exchange(fd_, -1);
  auto lent = std::exchange(lent_, nullptr);
  if (fd < 0 || lent.use_count() > 1) return;  // a call on the lane has it, and closes it
  if (lent) *lent = -1;
  detail::close_descriptor(fd);
}

std::shared_ptr<int> file::lend() {
  auto close_it = [](int* fd) {
    if (*fd >= 0) kernel_backend::close_foreign(*fd);  // on whichever thread
    delete fd;
  };
  if (!lent_) lent_ = std::shared_ptr<int>(new int(fd_), close_it);
  return lent_;
}

task<long> file::transfer(bool reads, void* data, std::size_t size, std::int64_t offset) {
  io_kind k = reads ? io_kind::read : io_kind::write;
  backend_kind loop = loop_kind();
  if (kind_ == kind::pipe) offset = -1;
  if (kind_ == kind::on_disk ? loop == backend_kind::io_uring : loop != backend_kind::sim)
    co_return co_await file_operation(k, fd_, data, size, offset, kind_ == kind::on_disk);
  if (kind_ == kind::on_disk && reads)
    co_return co_await on_file_lane(read_lent, lend(), data, size, offset);
  if (kind_ == kind::on_disk)
    co_return co_await on_file_lane(write_lent, lend(), data, size, offset);
  // In virtual time: what is ready is done, and nothing else is waited for.
  constexpr auto wait = sys::on_disk::wait;
  int n = reads ? sys::read_now(fd_, data, size, offset, wait)
                : sys::write_now(fd_, data, size, offset, wait);
  if (n == -EAGAIN) throw_not_virtual(path_);
  co_return n;
}

task<std::size_t> file::read(std::span<char> into, std::int64_t offset) {
  check_open(fd_);
  co_return std::size_t(
      check(co_await transfer(true, into.data(), into.size(), offset), "read", path_));
}

task<std::size_t> file::read(std::span<std::byte> into, std::int64_t offset) {
  return read(std::span<char>(reinterpret_cast<char*>(into.data()), into.size()), offset);
}

task<> file::write(std::string_view all, std::int64_t offset) {
  check_open(fd_);
  while (!all.empty()) {
    void* from = const_cast<char*>(all.data());
    long n = check(co_await transfer(false, from, all.size(), offset), "write", path_);
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
  sys::unique_fd fd = co_await opened(path, flags_of(mode));
  co_return file(fd.release(), std::move(path));
}

task<std::string> read_file(std::string path) {
  begun b = co_await on_file_lane(read_there, path);
  if (!b.rest) co_return std::move(b.text);
  if (loop_kind() != backend_kind::sim)
    co_await readable(b.rest.get());  // a FIFO is at its end before its first writer has come
  else if (!sys::has_offsets(b.rest.get()))
    throw_not_virtual(path);
  co_return co_await read_rest(file(b.rest.release(), std::move(path)), std::move(b.text));
}

task<> write_file(std::string path, std::string data) {
  sys::unique_fd rest = co_await on_file_lane(write_there, path, std::cref(data));
  if (rest.error() == ENXIO) rest = co_await opened(path, flags_of(file_mode::write));
  if (!rest) co_return;
  file f(rest.release(), std::move(path));
  co_await f.write(data, 0);
}

}  // namespace kettle::inline KETTLE_ABI
