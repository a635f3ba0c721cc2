#include "io/unix_file.hpp"

#include "sys/pidfd.hpp"

#include <kettle/core/sleep.hpp>

#include <chrono>
#include <filesystem>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace {

using namespace std::chrono_literals;

// Whoever replaces a file holds its directory for a few system calls.
constexpr int lock_tries = 100;
constexpr duration lock_pause = 10ms;

std::string from_the_root(const std::string& path) {
  std::error_code unknown;
  std::filesystem::path whole = std::filesystem::absolute(path, unknown);
  return unknown ? path : whole.string();
}

// 0: it may be replaced.
int is_used(const std::string& path, const address& at) noexcept {
  sys::file_identity which;
  if (sys::socket_file(path.c_str(), which) < 0) return -EADDRINUSE;  // by a file of another kind
  int living = sys::has_living_socket(at.data(), at.size());
  return living > 0 ? -EADDRINUSE : living;
}

// Of two that find a dead file at the same time, the second one would remove the first one's living
// file: so one after the other. Where the directory cannot be locked at all, there is nothing
// better.
task<int> bind_instead(backend& io, int fd, const address& at, const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  sys::unique_fd alone = sys::lock_directory(folder.c_str());
  for (int i = 1; alone.error() == EWOULDBLOCK; i++) {
    if (i == lock_tries) co_return -EADDRINUSE;
    co_await sleep_for(lock_pause);
    alone = sys::lock_directory(folder.c_str());
  }
  if (int used = is_used(path, at)) co_return used;
  if (int r = sys::remove_file(path.c_str()); r < 0 && r != -ENOENT) co_return r;
  co_return io.bind(fd, at.data(), at.size());
}

}  // namespace

unix_file& unix_file::operator=(unix_file&& o) noexcept {
  if (this != &o) {
    remove();
    path_.swap(o.path_);
    made_ = o.made_;
    owner_ = o.owner_;
  }
  return *this;
}

task<int> unix_file::bind(backend& io, int fd, const address& at, std::string path) {
  int r = io.bind(fd, at.data(), at.size());
  if (io.kind() == backend_kind::sim || path.starts_with('@')) co_return r;
  path = from_the_root(path);
  if (r == -EADDRINUSE) r = co_await bind_instead(io, fd, at, path);
  if (r < 0 || sys::socket_file(path.c_str(), made_) < 0) co_return r;
  owner_ = sys::process_id();
  path_ = std::move(path);
  co_return r;
}

void unix_file::remove() noexcept {
  sys::file_identity there;
  if (!path_.empty() && owner_ == sys::process_id() &&
      sys::socket_file(path_.c_str(), there) == 0 && there == made_)
    sys::remove_file(path_.c_str());
  path_.clear();
}

}  // namespace kettle::inline KETTLE_ABI
