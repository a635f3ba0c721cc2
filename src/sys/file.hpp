#pragma once
// Files by the calls that may wait for a disk: for threads that may block.
//
//   sys::unique_fd fd = sys::open_file("data", O_RDONLY);
//   long n = sys::read_at(fd.get(), buffer, size, offset);
//
// Interrupted calls are made again. Threads: any.

#include "sys/fd.hpp"

#include <cstdint>

#include <fcntl.h>
#include <sys/stat.h>

namespace kettle::inline KETTLE_ABI::sys {

inline unique_fd open_file(const char* path, int flags, unsigned mode = 0666) noexcept {
  int fd;
  do {
    fd = int(result_of(::open(path, flags | O_CLOEXEC, mode)));
  } while (fd == -EINTR);
  return unique_fd(fd);
}

// Never waits for another process: a FIFO is open at once (-ENXIO: to be written, and nobody reads
// it), and so is a terminal, which does not become the program's own. What is no file on a disk is
// left non-blocking.
inline unique_fd open_file_now(const char* path, int flags) noexcept {
  flags |= O_NOCTTY;
  unique_fd fd = open_file(path, flags | O_NONBLOCK);
  // Its holder has a lease, and some seconds to give it back (fcntl(2)).
  if (fd.error() == EWOULDBLOCK) fd = open_file(path, flags);
  return fd;
}

// False: a pipe, terminal or other device, which may make its readers wait for ever.
inline bool is_on_disk(int fd) noexcept {
  struct stat s{};
  if (::fstat(fd, &s) < 0) return true;  // whatever is done with it will tell
  return S_ISREG(s.st_mode) || S_ISDIR(s.st_mode) || S_ISBLK(s.st_mode);
}
inline bool is_fifo(const char* path) noexcept {
  struct stat s{};
  return ::stat(path, &s) == 0 && S_ISFIFO(s.st_mode);
}
inline bool has_offsets(int fd) noexcept { return ::lseek(fd, 0, SEEK_CUR) >= 0; }

inline long read_at(int fd, void* data, std::size_t size, std::int64_t offset) noexcept {
  ssize_t n;
  do {
    n = result_of(::pread(fd, data, size, offset));
  } while (n == -EINTR);
  return n;
}

inline long write_at(int fd, const void* data, std::size_t size, std::int64_t offset) noexcept {
  ssize_t n;
  do {
    n = result_of(::pwrite(fd, data, size, offset));
  } while (n == -EINTR);
  return n;
}

// At the file's own position: also for what has no offsets.
inline long read_next(int fd, void* data, std::size_t size) noexcept {
  ssize_t n;
  do {
    n = result_of(::read(fd, data, size));
  } while (n == -EINTR);
  return n;
}

struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const file_identity&) const = default;
};
// Pipes and sockets have one of their own; some odd descriptors share one.
inline file_identity identity_of(int fd) noexcept {
  struct stat s{};
  return ::fstat(fd, &s) < 0 ? file_identity() : file_identity{s.st_dev, s.st_ino};
}

inline std::int64_t file_size(int fd) noexcept {
  struct stat s{};
  int r = int(result_of(::fstat(fd, &s)));
  return r < 0 ? r : s.st_size;
}

inline int make_blocking(int fd) noexcept {
  int flags = int(result_of(::fcntl(fd, F_GETFL)));
  return flags < 0 ? flags : int(result_of(::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK)));
}
inline int make_non_blocking(int fd) noexcept {
  int flags = int(result_of(::fcntl(fd, F_GETFL)));
  return flags < 0 ? flags : int(result_of(::fcntl(fd, F_SETFL, flags | O_NONBLOCK)));
}

struct pipe_ends {
  unique_fd read, write;
};
// Close-on-exec. 0 or -errno.
inline int make_pipe(pipe_ends& p) noexcept {
  int ends[2];
  if (int r = int(result_of(::pipe2(ends, O_CLOEXEC))); r < 0) return r;
  p.read.reset(ends[0]);
  p.write.reset(ends[1]);
  return 0;
}

}  // namespace kettle::inline KETTLE_ABI::sys
