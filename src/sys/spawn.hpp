#pragma once
// Starts another program.
//
//   sys::spawn_plan plan{.argv = argv, .environment = envp, .files = {in, out, err}};
//   sys::spawned child;
//   if (int r = sys::spawn(plan, child); r < 0) ...  // -ENOENT: no such program; no child is left
//
// The child leads a process group of its own, has the default action for every signal and an empty
// mask, and no descriptor but 0, 1, 2 and those of `more`. posix_spawn underneath: no copy of our
// memory is made, however large it is. Threads: any. Blocks until the child has begun its program.

#include "sys/fd.hpp"

#include <sys/types.h>

namespace kettle::inline KETTLE_ABI::sys {

inline constexpr int inherit_file = -1;

struct spawn_plan {
  char* const* argv = nullptr;  // argv[0] is looked up in PATH
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: ours
  int files[3] = {inherit_file, inherit_file, inherit_file};
  // Become 3, 4, ... in the child; their own numbers must be larger than that.
  const int* more = nullptr;
  int more_count = 0;
};

struct spawned {
  pid_t pid = -1;
  unique_fd pidfd;
};

// -ECHILD: it was started, and somebody else has reaped it already.
int spawn(const spawn_plan& plan, spawned& child) noexcept;

}  // namespace kettle::inline KETTLE_ABI::sys
