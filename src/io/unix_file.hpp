#pragma once
// The file of a unix listener.
//
//   unix_file file;
//   check(co_await file.bind(io, fd, at, "/run/x"));      // 0 or -errno
//
// A process that was killed leaves its file behind: it is removed if surely no socket is bound to
// it. A living one, or a file of another kind, is never touched: -EADDRINUSE. When the owner goes,
// the file is removed, if it is still the one that was made here: somebody may have put another one
// in its place; and a forked child leaves it alone. Close the socket after it: a file whose socket
// lives is nobody's to replace. Abstract names have no file. Threads: one.

#include "core/backend.hpp"
#include "sys/socket_file.hpp"

#include <kettle/coro/task.hpp>
#include <kettle/io/address.hpp>

#include <string>

namespace kettle::inline KETTLE_ABI {

class unix_file {
 public:
  unix_file() noexcept = default;
  unix_file(const unix_file&) = delete;
  unix_file& operator=(unix_file&& o) noexcept;
  ~unix_file() { remove(); }

  task<int> bind(backend& io, int fd, const address& at, std::string path);
  void remove() noexcept;

 private:
  std::string path_;  // from the root: the working directory may change; empty: there is none
  sys::file_identity made_;
  pid_t owner_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI
