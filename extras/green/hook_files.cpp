// Files as such: their locks, which are tried again once a millisecond, since nothing tells when
// one is free; opening a FIFO and writing to the disk, which real threads do; and sendfile, which
// copies here.

#include "green/offload.hpp"
#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <algorithm>

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<int(int, int)> next_flock{"flock"};
libc_function<int(int, int, void*)> next_fcntl{"fcntl64"};
libc_function<int(int, int, off64_t)> next_lockf{"lockf64"};
libc_function<int(int, const char*, int, mode_t)> next_openat{"openat64"};
libc_function<int(int)> next_fsync{"fsync"};
libc_function<int(int)> next_fdatasync{"fdatasync"};
libc_function<ssize_t(int, int, off64_t*, size_t)> next_sendfile{"sendfile64"};

template <class Attempt> int lock(const char* what, Attempt attempt) {
  test_cancel();
  for (;;) {
    long r = attempt();
    if (r != -EAGAIN) return int(as_libc(r));
    int failed = sleep_until(after(1'000'000), what);
    if (failed && !is_restarted(failed)) return int(as_libc(-failed));
  }
}

// Whether opening it waits for somebody who opens the other end.
bool is_fifo(int folder, const char* path, int flags) noexcept {
  if ((flags & (O_NONBLOCK | O_PATH)) || (flags & O_ACCMODE) == O_RDWR) return false;
  struct stat s;
  return sys::raw_call(SYS_newfstatat, folder, path, &s, 0) == 0 && S_ISFIFO(s.st_mode);
}

// For what libc declares never to throw: pthread_cancel() would unwind through its caller.
struct uncancellable {
  int before = PTHREAD_CANCEL_ENABLE;
  uncancellable() noexcept {
    if (self) ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  }
  ~uncancellable() {
    if (self) ::pthread_setcancelstate(before, nullptr);
  }
};

ssize_t send_file(int to, int from, off64_t& at, size_t size) {
  char data[16384];
  size_t sent = 0;
  while (sent < size) {
    ssize_t n = ::pread64(from, data, std::min(size - sent, sizeof data), at);
    if (n > 0) n = ::write(to, data, size_t(n));
    if (n <= 0) return sent > 0 ? ssize_t(sent) : n;
    sent += size_t(n);
    at += n;
  }
  return ssize_t(sent);
}

}  // namespace

KETTLE_GREEN_HOOK int flock(int fd, int operation) noexcept {
  if (!may_park() || (operation & LOCK_NB)) return next_flock(fd, operation);
  uncancellable until_done;
  return lock("flock", [=] { return sys::raw_call(SYS_flock, fd, operation | LOCK_NB); });
}

// In libc these take any number of arguments. On x86-64 one of fixed form is called the same way;
// one that was not passed is not looked at.
using fcntl_form = int(int fd, int command, void* argument);
using open_form = int(const char* path, int flags, mode_t mode);
using openat_form = int(int folder, const char* path, int flags, mode_t mode);
KETTLE_GREEN_HOOK fcntl_form hook_fcntl asm("fcntl64");
KETTLE_GREEN_HOOK open_form hook_open asm("open64");
KETTLE_GREEN_HOOK openat_form hook_openat asm("openat64");

int hook_fcntl(int fd, int command, void* argument) {
  bool waits_for_lock = command == F_SETLKW || command == F_OFD_SETLKW;
  if (!waits_for_lock || !may_park()) return next_fcntl(fd, command, argument);
  int attempt = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
  return lock("fcntl", [=] { return sys::raw_call(SYS_fcntl, fd, attempt, argument); });
}

int hook_open(const char* path, int flags, mode_t mode) {
  return hook_openat(AT_FDCWD, path, flags, mode);
}

int hook_openat(int folder, const char* path, int flags, mode_t mode) {
  if (!may_park() || !is_fifo(folder, path, flags)) return next_openat(folder, path, flags, mode);
  test_cancel();
  return elsewhere(next_openat, folder, path, flags, mode);
}

// Their other names; those with a 2 are what a fortified program calls without a mode.
KETTLE_GREEN_HOOK fcntl_form also_fcntl asm("fcntl") __attribute__((alias("fcntl64")));
KETTLE_GREEN_HOOK open_form also_open asm("open") __attribute__((alias("open64")));
KETTLE_GREEN_HOOK open_form also_open_2 asm("__open_2") __attribute__((alias("open64")));
KETTLE_GREEN_HOOK open_form also_open64_2 asm("__open64_2") __attribute__((alias("open64")));
KETTLE_GREEN_HOOK openat_form also_openat asm("openat") __attribute__((alias("openat64")));
KETTLE_GREEN_HOOK openat_form also_openat_2 asm("__openat_2") __attribute__((alias("openat64")));
KETTLE_GREEN_HOOK openat_form also_openat64_2 asm("__openat64_2")
    __attribute__((alias("openat64")));

KETTLE_GREEN_HOOK int lockf64(int fd, int command, off64_t size) {
  if (command != F_LOCK || !may_park()) return next_lockf(fd, command, size);
  struct flock from_here{};
  from_here.l_type = F_WRLCK;
  from_here.l_whence = SEEK_CUR;
  from_here.l_len = size;
  return hook_fcntl(fd, F_SETLKW, &from_here);
}
KETTLE_GREEN_HOOK int lockf(int fd, int command, off_t size) { return lockf64(fd, command, size); }

KETTLE_GREEN_HOOK int fsync(int fd) {
  test_cancel();
  return elsewhere(next_fsync, fd);
}
KETTLE_GREEN_HOOK int fdatasync(int fd) {
  test_cancel();
  return elsewhere(next_fdatasync, fd);
}

KETTLE_GREEN_HOOK ssize_t sendfile64(int to, int from, off64_t* offset, size_t size) noexcept {
  if (!may_park() || is_file(to) || is_nonblocking(to) || !is_file(from))
    return next_sendfile(to, from, offset, size);
  uncancellable until_done;
  off64_t at = offset ? *offset : ::lseek64(from, 0, SEEK_CUR);
  ssize_t sent = send_file(to, from, at, size);
  if (offset)
    *offset = at;
  else
    ::lseek64(from, at, SEEK_SET);
  return sent;
}
KETTLE_GREEN_HOOK ssize_t sendfile(int to, int from, off_t* offset, size_t size) noexcept {
  return sendfile64(to, from, offset, size);
}
