// read and write on whatever a descriptor is.
//
// First without waiting (RWF_NOWAIT). What cannot do that is asked whether it is ready, and then
// called; a write to such a thing is cut at a page, for ready means room for one.

#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <climits>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<ssize_t(int, void*, size_t)> next_read{"read"};
libc_function<ssize_t(int, const void*, size_t)> next_write{"write"};
libc_function<ssize_t(int, const iovec*, int)> next_readv{"readv"};
libc_function<ssize_t(int, const iovec*, int)> next_writev{"writev"};

constexpr std::size_t page = 4096;

long read_now(int fd, const iovec* v, int count) noexcept {
  long r = sys::raw_call(SYS_preadv2, fd, v, count, -1L, -1L, RWF_NOWAIT);
  if (r == -EAGAIN && is_file(fd)) return sys::raw_call(SYS_readv, fd, v, count);
  if (r != -EOPNOTSUPP && r != -EINVAL && r != -ESPIPE) return r;
  if (!is_ready(fd, POLLIN)) return -EAGAIN;
  return sys::raw_call(SYS_readv, fd, v, count);
}

long write_now(int fd, const iovec* v, int count) noexcept {
  long r = sys::raw_call(SYS_pwritev2, fd, v, count, -1L, -1L, RWF_NOWAIT);
  if ((r == -EAGAIN || r == -EOPNOTSUPP || r == -EINVAL) && is_file(fd))
    return sys::raw_call(SYS_writev, fd, v, count);
  if (r != -EOPNOTSUPP && r != -EINVAL && r != -ESPIPE) return r;
  if (!is_ready(fd, POLLOUT)) return -EAGAIN;
  if (is_nonblocking(fd)) return sys::raw_call(SYS_writev, fd, v, count);
  return sys::raw_write(fd, v->iov_base, v->iov_len < page ? v->iov_len : page);
}

// Skips what has been written; false: nothing is left.
bool advance(iovec*& v, int& count, std::size_t by) noexcept {
  while (count > 0 && by >= v->iov_len) {
    by -= v->iov_len;
    v++;
    count--;
  }
  if (count == 0) return false;
  v->iov_base = static_cast<char*>(v->iov_base) + by;
  v->iov_len -= by;
  return true;
}

long read_all(int fd, const iovec* v, int count, const char* what) {
  return repeat(fd, POLLIN, what, limit::receiving, [&] { return read_now(fd, v, count); });
}

// A blocking write returns when all is written.
long write_all(int fd, iovec* v, int count, const char* what) {
  long total = 0;
  for (;;) {
    long r = repeat(fd, POLLOUT, what, limit::sending, [&] { return write_now(fd, v, count); });
    if (r < 0) return total > 0 ? total : r;
    total += r;
    if (r == 0 || !advance(v, count, std::size_t(r))) return total;
  }
}

}  // namespace

KETTLE_GREEN_HOOK ssize_t read(int fd, void* data, size_t size) {
  if (!may_park()) return next_read(fd, data, size);
  test_cancel();
  iovec v{data, size};
  return as_libc(read_all(fd, &v, 1, "read"));
}
KETTLE_GREEN_HOOK ssize_t __read(int fd, void* data, size_t size) { return read(fd, data, size); }
KETTLE_GREEN_HOOK ssize_t __read_chk(int fd, void* data, size_t size, size_t room) {
  if (size > room) __builtin_trap();
  return read(fd, data, size);
}

KETTLE_GREEN_HOOK ssize_t write(int fd, const void* data, size_t size) {
  if (!may_park()) return next_write(fd, data, size);
  test_cancel();
  iovec v{const_cast<void*>(data), size};
  return as_libc(write_all(fd, &v, 1, "write"));
}
KETTLE_GREEN_HOOK ssize_t __write(int fd, const void* data, size_t size) {
  return write(fd, data, size);
}

KETTLE_GREEN_HOOK ssize_t readv(int fd, const iovec* v, int count) {
  if (!may_park()) return next_readv(fd, v, count);
  test_cancel();
  return as_libc(read_all(fd, v, count, "readv"));
}

KETTLE_GREEN_HOOK ssize_t writev(int fd, const iovec* v, int count) {
  if (!may_park() || count < 0 || count > IOV_MAX) return next_writev(fd, v, count);
  test_cancel();
  iovec left[IOV_MAX];
  for (int i = 0; i < count; i++) left[i] = v[i];
  return as_libc(write_all(fd, left, count, "writev"));
}
