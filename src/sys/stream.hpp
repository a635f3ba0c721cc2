#pragma once
// Reading and writing pipes, terminals and files without making the thread wait for another
// process.
//
//   int n = sys::read_now(fd, buffer, size, -1);  // bytes; 0: the end; -EAGAIN: it would wait
//
// The descriptors are often shared with other programs (a terminal, a pipe of the shell), so
// O_NONBLOCK, which belongs to all who share one, is never set: RWF_NOWAIT asks for one call, and
// where a device does not know it, a poll before the call tells (one reader and one writer at a
// time: that is the io room's rule anyhow). Regular files are always ready for poll: `on_disk` says
// whether a read that needs the disk may take its time. Threads: any.

#include "sys/signals.hpp"
#include "sys/socket.hpp"

#include <cstdint>

#include <sys/stat.h>
#include <sys/uio.h>

namespace kettle::inline KETTLE_ABI::sys {

enum class on_disk : std::uint8_t { wait, refuse };

inline bool is_file(int fd) noexcept {  // regular or block device: poll is of no use
  struct stat s;
  return ::fstat(fd, &s) == 0 && (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode));
}

namespace detail {
// What a call says that does not know RWF_NOWAIT for this descriptor.
constexpr bool not_known(ssize_t r) noexcept {
  return r == -EOPNOTSUPP || r == -ENOSYS || r == -EINVAL;
}
}  // namespace detail

// Whether this kernel knows RWF_NOWAIT on pipes (Linux 6.15).
inline bool pipes_know_nowait() noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  unique_fd reading(ends[0]), writing(ends[1]);
  char byte;
  iovec part{&byte, 1};
  return !detail::not_known(result_of(::preadv2(reading.get(), &part, 1, -1, RWF_NOWAIT)));
}

inline int read_now(int fd, void* data, std::size_t size, std::int64_t offset,
                    on_disk policy = on_disk::wait) noexcept {
  iovec part{data, one_transfer(size)};
  for (;;) {
    ssize_t n = result_of(::preadv2(fd, &part, 1, off_t(offset), RWF_NOWAIT));
    if (n == -EINTR) continue;
    if (n != -EAGAIN && !detail::not_known(n)) return int(n);
    if (is_file(fd)) {
      if (policy == on_disk::refuse) return -EAGAIN;
    } else if (n == -EAGAIN || ready_now(fd, POLLIN) == 0) {
      return -EAGAIN;
    }
    n = result_of(::preadv2(fd, &part, 1, off_t(offset), 0));
    if (n != -EINTR) return int(n);
  }
}

// Never raises SIGPIPE. A pipe or terminal that only poll can speak for takes a little at a time:
// poll promises room for that much (PIPE_BUF) and no more.
inline int write_now(int fd, const void* data, std::size_t size, std::int64_t offset,
                     on_disk policy = on_disk::wait) noexcept {
  constexpr std::size_t little = 4096;
  iovec part{const_cast<void*>(data), one_transfer(size)};
  ssize_t n;
  if (is_file(fd)) {
    if (policy == on_disk::refuse) return -EAGAIN;
    do {
      n = result_of(::pwritev2(fd, &part, 1, off_t(offset), 0));
    } while (n == -EINTR);
    return int(n);
  }
  no_sigpipe here;
  for (;;) {
    n = result_of(::pwritev2(fd, &part, 1, off_t(offset), RWF_NOWAIT));
    if (n == -EINTR) continue;
    if (!detail::not_known(n)) return int(n);
    if (ready_now(fd, POLLOUT) == 0) return -EAGAIN;
    part.iov_len = part.iov_len < little ? part.iov_len : little;
    n = result_of(::pwritev2(fd, &part, 1, off_t(offset), 0));
    if (n != -EINTR) return int(n);
  }
}

}  // namespace kettle::inline KETTLE_ABI::sys
