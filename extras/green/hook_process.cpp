// Waiting for child processes. First without waiting; then, for one that is named, its pidfd is
// watched; for "any child" a real thread waits. system() and the reading of what popen() started
// go to a real thread whole: libc waits inside them.

#include "green/hook.hpp"
#include "green/offload.hpp"
#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>
#include <sys/wait.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<pid_t(pid_t, int*, int, rusage*)> next_wait4{"wait4"};
libc_function<int(idtype_t, id_t, siginfo_t*, int)> next_waitid{"waitid"};
libc_function<int(const char*)> next_system{"system"};
libc_function<int(FILE*)> next_pclose{"pclose"};

// Parks until that child has something to tell; false: only a thread can wait for it.
bool wait_for_child(pid_t child, const char* what, int& failed) {
  long fd = sys::raw_call(SYS_pidfd_open, child, 0);
  if (fd < 0) return false;
  struct closing {
    int fd;
    ~closing() { sys::raw_close(fd); }
  } end{int(fd)};
  failed = wait_fd(int(fd), POLLIN, never, what);
  return true;
}

pid_t wait_child(pid_t child, int* status, int options, rusage* used) {
  test_cancel();
  for (;;) {
    long r = sys::raw_call(SYS_wait4, child, status, options | WNOHANG, used);
    if (r != 0 || (options & WNOHANG)) return pid_t(as_libc(r));
    int failed = 0;
    // A pidfd tells of the end only, not of stops.
    bool ends_only = !(options & (WUNTRACED | WCONTINUED));
    if (child > 0 && ends_only && wait_for_child(child, "waitpid", failed)) {
      if (failed == 0 || is_restarted(failed)) continue;
      return pid_t(as_libc(-failed));
    }
    return offload("wait4", [&] { return next_wait4(child, status, options, used); });
  }
}

}  // namespace

KETTLE_GREEN_HOOK pid_t wait4(pid_t child, int* status, int options, rusage* used) {
  return may_park() ? wait_child(child, status, options, used)
                    : next_wait4(child, status, options, used);
}
KETTLE_GREEN_HOOK pid_t waitpid(pid_t child, int* status, int options) {
  return wait4(child, status, options, nullptr);
}
KETTLE_GREEN_HOOK pid_t wait(int* status) { return wait4(-1, status, 0, nullptr); }
KETTLE_GREEN_HOOK pid_t wait3(int* status, int options, rusage* used) {
  return wait4(-1, status, options, used);
}

KETTLE_GREEN_HOOK int waitid(idtype_t kind, id_t id, siginfo_t* info, int options) {
  if (!may_park() || (options & WNOHANG)) return next_waitid(kind, id, info, options);
  test_cancel();
  return offload("waitid", [&] { return next_waitid(kind, id, info, options); });
}

KETTLE_GREEN_HOOK int system(const char* command) {
  if (!may_park() || !command) return next_system(command);
  test_cancel();
  return offload("system", [&] { return next_system(command); });
}
KETTLE_GREEN_HOOK int pclose(FILE* stream) { return elsewhere(next_pclose, stream); }
