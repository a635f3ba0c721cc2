// read and write on whatever a descriptor is, and their kin with a position.
//
// First without waiting (RWF_NOWAIT). A file that would have to be fetched from its disk is left to
// a real thread. What cannot do without waiting is asked whether it is ready, and then called; a
// write to such a thing is cut at a page, for ready means room for one.

#include "green/offload.hpp"
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
libc_function<ssize_t(int, void*, size_t, off64_t)> next_pread{"pread64"};
libc_function<ssize_t(int, const void*, size_t, off64_t)> next_pwrite{"pwrite64"};
libc_function<ssize_t(int, const iovec*, int, off64_t)> next_preadv{"preadv64"};
libc_function<ssize_t(int, const iovec*, int, off64_t)> next_pwritev{"pwritev64"};

constexpr std::size_t page = 4096;

constexpr off_t where_it_stands = -1;  // no position: the descriptor's own

long call(long plain, long positioned, int fd, const iovec* v, int count, off_t at) noexcept {
  return at == where_it_stands ? sys::raw_call(plain, fd, v, count)
                               : sys::raw_call(positioned, fd, v, count, at, 0L);
}
long read_plainly(int fd, const iovec* v, int count, off_t at) noexcept {
  return call(SYS_readv, SYS_preadv, fd, v, count, at);
}
long write_plainly(int fd, const iovec* v, int count, off_t at) noexcept {
  return call(SYS_writev, SYS_pwritev, fd, v, count, at);
}

// Whether the descriptor only lacks a way not to wait.
bool is_unable(long r) noexcept { return r == -EOPNOTSUPP || r == -EINVAL || r == -ESPIPE; }

long read_now(int fd, const iovec* v, int count, off_t at) noexcept {
  long r = sys::raw_call(SYS_preadv2, fd, v, count, at, 0L, RWF_NOWAIT);
  if (r == -EAGAIN && is_file(fd))
    return offload("read", [=] { return read_plainly(fd, v, count, at); });
  if (!is_unable(r)) return r;
  if (at == where_it_stands && !is_ready(fd, POLLIN)) return -EAGAIN;
  return read_plainly(fd, v, count, at);
}

long write_now(int fd, const iovec* v, int count, off_t at) noexcept {
  long r = sys::raw_call(SYS_pwritev2, fd, v, count, at, 0L, RWF_NOWAIT);
  if (r == -EAGAIN && is_file(fd))
    return offload("write", [=] { return write_plainly(fd, v, count, at); });
  if (!is_unable(r)) return r;
  if (at != where_it_stands || is_file(fd)) return write_plainly(fd, v, count, at);
  if (!is_ready(fd, POLLOUT)) return -EAGAIN;
  if (is_nonblocking(fd)) return write_plainly(fd, v, count, at);
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

// Of a file what is in memory comes first, and whoever reads one expects the rest as well. Most of
// what is read short is a pipe or a socket, of which lseek tells sooner than fstat.
bool has_more(int fd) noexcept {
  return sys::raw_call(SYS_lseek, fd, 0L, SEEK_CUR) >= 0 && is_file(fd);
}

long read_some(int fd, iovec* v, int count, off_t at, const char* what) {
  long total = 0;
  for (bool file = false;; file = true) {
    long r = repeat(fd, POLLIN, what, limit::receiving, [&] { return read_now(fd, v, count, at); });
    if (r <= 0) return total > 0 ? total : r;
    total += r;
    if (at != where_it_stands) at += r;
    if (!advance(v, count, std::size_t(r)) || !(file || has_more(fd))) return total;
  }
}

// A blocking write returns when all is written.
long write_all(int fd, iovec* v, int count, off_t at, const char* what) {
  long total = 0;
  for (;;) {
    long r = repeat(fd, POLLOUT, what, limit::sending, [&] { return write_now(fd, v, count, at); });
    if (r < 0) return total > 0 ? total : r;
    total += r;
    if (at != where_it_stands) at += r;
    if (r == 0 || !advance(v, count, std::size_t(r))) return total;
  }
}

bool is_count(int count) noexcept { return count >= 0 && count <= IOV_MAX; }

using transfer = long(int, iovec*, int, off_t, const char*);

// Vectors are used up as they are filled, and the caller's are const.
long with_copy(transfer* way, int fd, const iovec* v, int count, off_t at, const char* what) {
  iovec left[IOV_MAX];
  for (int i = 0; i < count; i++) left[i] = v[i];
  return way(fd, left, count, at, what);
}

}  // namespace

KETTLE_GREEN_HOOK ssize_t read(int fd, void* data, size_t size) {
  if (!may_park()) return next_read(fd, data, size);
  test_cancel();
  iovec v{data, size};
  return as_libc(read_some(fd, &v, 1, where_it_stands, "read"));
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
  return as_libc(write_all(fd, &v, 1, where_it_stands, "write"));
}
KETTLE_GREEN_HOOK ssize_t __write(int fd, const void* data, size_t size) {
  return write(fd, data, size);
}

KETTLE_GREEN_HOOK ssize_t readv(int fd, const iovec* v, int count) {
  if (!may_park() || !is_count(count)) return next_readv(fd, v, count);
  test_cancel();
  return as_libc(with_copy(read_some, fd, v, count, where_it_stands, "readv"));
}
KETTLE_GREEN_HOOK ssize_t writev(int fd, const iovec* v, int count) {
  if (!may_park() || !is_count(count)) return next_writev(fd, v, count);
  test_cancel();
  return as_libc(with_copy(write_all, fd, v, count, where_it_stands, "writev"));
}

KETTLE_GREEN_HOOK ssize_t pread64(int fd, void* data, size_t size, off64_t at) {
  if (!may_park() || at < 0) return next_pread(fd, data, size, at);
  test_cancel();
  iovec v{data, size};
  return as_libc(read_some(fd, &v, 1, at, "pread"));
}
KETTLE_GREEN_HOOK ssize_t pread(int fd, void* data, size_t size, off_t at) {
  return pread64(fd, data, size, at);
}
KETTLE_GREEN_HOOK ssize_t __pread_chk(int fd, void* data, size_t size, off_t at, size_t room) {
  if (size > room) __builtin_trap();
  return pread64(fd, data, size, at);
}
KETTLE_GREEN_HOOK ssize_t __pread64_chk(int fd, void* data, size_t size, off64_t at, size_t room) {
  return __pread_chk(fd, data, size, at, room);
}

KETTLE_GREEN_HOOK ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  if (!may_park() || at < 0) return next_pwrite(fd, data, size, at);
  test_cancel();
  iovec v{const_cast<void*>(data), size};
  return as_libc(write_all(fd, &v, 1, at, "pwrite"));
}
KETTLE_GREEN_HOOK ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return pwrite64(fd, data, size, at);
}

KETTLE_GREEN_HOOK ssize_t preadv64(int fd, const iovec* v, int count, off64_t at) {
  if (!may_park() || at < 0 || !is_count(count)) return next_preadv(fd, v, count, at);
  test_cancel();
  return as_libc(with_copy(read_some, fd, v, count, at, "preadv"));
}
KETTLE_GREEN_HOOK ssize_t preadv(int fd, const iovec* v, int count, off_t at) {
  return preadv64(fd, v, count, at);
}
KETTLE_GREEN_HOOK ssize_t pwritev64(int fd, const iovec* v, int count, off64_t at) {
  if (!may_park() || at < 0 || !is_count(count)) return next_pwritev(fd, v, count, at);
  test_cancel();
  return as_libc(with_copy(write_all, fd, v, count, at, "pwritev"));
}
KETTLE_GREEN_HOOK ssize_t pwritev(int fd, const iovec* v, int count, off_t at) {
  return pwritev64(fd, v, count, at);
}
