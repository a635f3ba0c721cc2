#include "sys/process_group.hpp"

#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

enum class member : std::uint8_t { no, ended, runs };

// Of "123 (name) S parent group ..." in /proc/123/stat: a name may have ')' in it. Of a process
// whose first thread has ended the state is Z as well; then it has more than one thread.
member look_at(const char* stat, pid_t group) noexcept {
  const char* after_name = std::strrchr(stat, ')');
  char state = 0;
  int its_group = 0;
  long threads = 0;
  constexpr int wanted = 3;
  if (!after_name || std::sscanf(after_name,
                                 ") %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                                 "%*d %ld",
                                 &state, &its_group, &threads) != wanted)
    return member::no;
  if (its_group != group) return member::no;
  return (state == 'Z' || state == 'X') && threads <= 1 ? member::ended : member::runs;
}

member look_at(const char* process, pid_t group, int proc) noexcept {
  char path[64], text[1024];
  std::snprintf(path, sizeof path, "%.32s/stat", process);
  unique_fd fd(int(result_of(::openat(proc, path, O_RDONLY | O_CLOEXEC))));
  long n = fd ? read_next(fd.get(), text, sizeof text - 1) : 0;
  if (n <= 0) return member::no;  // it has gone
  text[n] = 0;
  return look_at(text, group);
}

}  // namespace

int signal_group(pid_t leader, int signal) noexcept {
  return int(result_of(::kill(-leader, signal)));
}

bool group_has_ended(pid_t leader) noexcept {
  if (signal_group(leader, 0) == -ESRCH) return true;
  DIR* proc = ::opendir("/proc");
  if (!proc) return false;
  int ended = 0, running = 0;
  while (dirent* e = running == 0 ? ::readdir(proc) : nullptr) {
    if (e->d_name[0] < '1' || e->d_name[0] > '9') continue;
    member m = look_at(e->d_name, leader, ::dirfd(proc));
    ended += m == member::ended;
    running += m == member::runs;
  }
  ::closedir(proc);
  // Somebody there says the kernel, and nobody to be seen: hidden from us, and may run.
  return running == 0 && (ended > 0 || signal_group(leader, 0) == -ESRCH);
}

}  // namespace kettle::inline KETTLE_ABI::sys
