// Sleeping, and giving others a turn.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/moments.hpp"
#include "green/wait_fd.hpp"

#include <sched.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

namespace {

using namespace kettle::green;

libc_function<int(const timespec*, timespec*)> next_nanosleep{"nanosleep"};
libc_function<int(clockid_t, int, const timespec*, timespec*)> next_clock_nanosleep{
    "clock_nanosleep", "GLIBC_2.17"};
libc_function<int(useconds_t)> next_usleep{"usleep"};
libc_function<unsigned(unsigned)> next_sleep{"sleep"};
libc_function<int()> next_yield{"sched_yield"};
libc_function<int(const timespec*, timespec*)> next_thrd_sleep{"thrd_sleep"};

int sleep_for(nanoseconds duration, timespec* left) {
  nanoseconds until = after(duration);
  int r = sleep_until(until, "sleep");
  if (r && left) *left = timespec_of(until - monotonic_now());
  return r;
}

int with_errno(int error) noexcept {
  if (error == 0) return 0;
  errno = error;
  return -1;
}

}  // namespace

KETTLE_GREEN_HOOK int nanosleep(const timespec* duration, timespec* left) {
  if (!may_park()) return next_nanosleep(duration, left);
  if (!is_valid(*duration) || duration->tv_sec < 0) return with_errno(EINVAL);
  return with_errno(sleep_for(duration_of(*duration), left));
}

KETTLE_GREEN_HOOK int clock_nanosleep(clockid_t clock, int flags, const timespec* when,
                                      timespec* left) {
  if (!may_park()) return next_clock_nanosleep(clock, flags, when, left);
  if (!is_valid(*when) || when->tv_sec < 0) return EINVAL;
  if (flags & TIMER_ABSTIME) {
    nanoseconds until = moment_of(clock, *when);
    return until < 0 ? EINVAL : sleep_until(until, "sleep");
  }
  return sleep_for(duration_of(*when), left);
}

KETTLE_GREEN_HOOK int usleep(useconds_t us) {
  if (!may_park()) return next_usleep(us);
  return with_errno(sleep_for(nanoseconds(us) * 1000, nullptr));
}

KETTLE_GREEN_HOOK unsigned sleep(unsigned seconds) {
  if (!may_park()) return next_sleep(seconds);
  timespec left{};
  if (sleep_for(nanoseconds(seconds) * 1'000'000'000, &left) == 0) return 0;
  return unsigned(left.tv_sec + (left.tv_nsec >= 500'000'000));
}

KETTLE_GREEN_HOOK int sched_yield() noexcept {
  if (!may_park()) return next_yield();
  give_way();
  return 0;
}
KETTLE_GREEN_HOOK void thrd_yield() { sched_yield(); }
KETTLE_GREEN_HOOK int thrd_sleep(const timespec* duration, timespec* left) {
  if (!may_park()) return next_thrd_sleep(duration, left);
  return sleep_for(duration_of(*duration), left) == 0 ? 0 : -1;
}
