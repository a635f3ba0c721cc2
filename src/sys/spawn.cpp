#include "sys/spawn.hpp"

#include "sys/pidfd.hpp"

#include <csignal>

#include <spawn.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

class file_actions {
 public:
  file_actions() noexcept { ::posix_spawn_file_actions_init(&actions_); }
  file_actions(const file_actions&) = delete;
  file_actions& operator=(const file_actions&) = delete;
  ~file_actions() { ::posix_spawn_file_actions_destroy(&actions_); }

  int prepare(const spawn_plan& plan) noexcept {
    int r = 0;
    for (int target = 0; target < 3 && r == 0; target++)
      if (plan.files[target] != inherit_file)
        r = ::posix_spawn_file_actions_adddup2(&actions_, plan.files[target], target);
    for (int i = 0; i < plan.more_count && r == 0; i++)
      r = ::posix_spawn_file_actions_adddup2(&actions_, plan.more[i], 3 + i);
    if (r == 0) r = ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3 + plan.more_count);
    if (r == 0 && plan.directory)
      r = ::posix_spawn_file_actions_addchdir_np(&actions_, plan.directory);
    return r;
  }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class attributes {
 public:
  attributes() noexcept {
    ::posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  attributes(const attributes&) = delete;
  attributes& operator=(const attributes&) = delete;
  ~attributes() { ::posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

}  // namespace

int spawn(const spawn_plan& plan, spawned& child) noexcept {
  file_actions files;
  attributes how;
  int r = files.prepare(plan);
  if (r == 0)
    r = ::posix_spawnp(&child.pid, plan.argv[0], files.get(), how.get(), plan.argv,
                       plan.environment);
  if (r != 0) return -r;
  // It may have ended, and if somebody else reaps our children, the number may be a stranger's by
  // now, who must not be signalled.
  child.pidfd = pidfd_open(child.pid);
  exit_state ended;
  if (child.pidfd &&
      (is_our_child(child.pidfd.get()) || detail::exit_of_reaped(child.pidfd.get(), ended) == 1))
    return 0;
  r = child.pidfd ? ECHILD : child.pidfd.error();
  child.pidfd.reset();
  if (r == ESRCH || r == ECHILD) return -ECHILD;
  ::kill(child.pid, SIGKILL);
  while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {}
  return -r;
}

}  // namespace kettle::inline KETTLE_ABI::sys
