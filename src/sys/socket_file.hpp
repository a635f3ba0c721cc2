#pragma once
// The file by which a unix socket is found, apart from the socket.
//
//   sys::file_identity mine;
//   if (sys::socket_file(path, mine) == 0) ...            // it is a socket's file, and which
//   if (sys::has_living_socket(address, size) == 0) sys::remove_file(path);
//
// Threads: any.

#include "sys/fd.hpp"
#include "sys/file.hpp"
#include "sys/socket.hpp"

#include <cstdint>

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

// 0, or -errno; -ENOTSOCK: the file is of another kind.
inline int socket_file(const char* path, file_identity& which) noexcept {
  struct stat s{};
  if (int r = int(result_of(::lstat(path, &s))); r < 0) return r;
  which = {s.st_dev, s.st_ino};
  return S_ISSOCK(s.st_mode) ? 0 : -ENOTSOCK;
}

inline int remove_file(const char* path) noexcept { return int(result_of(::unlink(path))); }

// 0: surely no socket of any process is bound to the file any more; -errno: there is no socket to
// ask with; else 1. Asked by connecting a
// datagram socket: a stream socket that is bound but does not listen yet refuses stream connections
// as if it were gone, but answers that it is of another kind; and nobody has a connection to
// accept.
inline int has_living_socket(const void* address, std::uint32_t size) noexcept {
  unique_fd probe(open_socket(AF_UNIX, SOCK_DGRAM));
  if (!probe) return -probe.error();
  int r;
  do {
    r = int(result_of(::connect(probe.get(), static_cast<const sockaddr*>(address), size)));
  } while (r == -EINTR);
  return r == -ECONNREFUSED ? 0 : 1;
}

// Held by whoever replaces a file in the directory, as long as the descriptor is open. Does not
// wait: -EWOULDBLOCK when somebody holds it.
inline unique_fd lock_directory(const char* path) noexcept {
  unique_fd fd = open_file(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!fd) return fd;
  int r = int(result_of(::flock(fd.get(), LOCK_EX | LOCK_NB)));
  return r < 0 ? unique_fd(r) : std::move(fd);
}

}  // namespace kettle::inline KETTLE_ABI::sys
