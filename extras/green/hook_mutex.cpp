// Mutexes: the real trylock, and the parking lot where that says busy. The object keeps libc's
// layout, its owner is the fiber's number, so recursion and error checks are libc's own.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/moments.hpp"
#include "green/mutex.hpp"
#include "green/scheduler.hpp"

#include <pthread.h>
#include <threads.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

libc_function<int(pthread_mutex_t*)> next_lock{"pthread_mutex_lock"};
libc_function<int(pthread_mutex_t*)> next_trylock{"pthread_mutex_trylock"};
libc_function<int(pthread_mutex_t*)> next_unlock{"pthread_mutex_unlock"};
libc_function<int(pthread_mutex_t*, const timespec*)> next_timedlock{"pthread_mutex_timedlock"};
libc_function<int(pthread_mutex_t*, clockid_t, const timespec*)> next_clocklock{
    "pthread_mutex_clocklock"};
libc_function<int(mtx_t*, const timespec*)> next_mtx_timedlock{"mtx_timedlock"};

constexpr nanoseconds shared_look = 1'000'000;  // how often a lock of another process is tried

bool locks_itself(pthread_mutex_t* m) noexcept {
  // Fibers of a loop share a number: which of them holds it cannot be told.
  return self && (m->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK &&
         m->__data.__owner == self->id;
}

int clock_lock(pthread_mutex_t* m, clockid_t clock, const timespec* until) noexcept {
  int r = next_trylock(m);
  if (r != EBUSY) return r;
  nanoseconds moment = moment_of(clock, *until);
  return moment < 0 ? EINVAL : lock_mutex(m, moment);
}

}  // namespace

int lock_mutex(pthread_mutex_t* m, nanoseconds until, bool can_fail) noexcept {
  int r = next_trylock(m);
  if (r != EBUSY) return r;
  if (locks_itself(m)) return EDEADLK;
  bool shared = m->__data.__kind & 128;  // other processes unlock it without telling
  lot_ticket ticket(m, "pthread_mutex_lock", can_fail);
  while ((r = next_trylock(m)) == EBUSY) {
    nanoseconds next_look = shared ? after(shared_look) : never;
    wake w = ticket.wait(next_look < until ? next_look : until);
    if (w == wake::hopeless) return EDEADLK;
    if (w == wake::timed_out && next_look >= until) return ETIMEDOUT;
    if (w == wake::timed_out) ticket.again();
  }
  return r;
}

int unlock_mutex(pthread_mutex_t* m) noexcept {
  int r = next_unlock(m);
  if (r == 0) lot_wake(m, 1);
  return r;
}

}  // namespace kettle::inline KETTLE_ABI::green

using namespace kettle::green;

KETTLE_GREEN_HOOK int pthread_mutex_lock(pthread_mutex_t* m) noexcept {
  return may_park() ? lock_mutex(m, never) : next_lock(m);
}
KETTLE_GREEN_HOOK int __pthread_mutex_lock(pthread_mutex_t* m) noexcept {
  return pthread_mutex_lock(m);
}
KETTLE_GREEN_HOOK int pthread_mutex_unlock(pthread_mutex_t* m) noexcept { return unlock_mutex(m); }

KETTLE_GREEN_HOOK int pthread_mutex_timedlock(pthread_mutex_t* m, const timespec* until) noexcept {
  return may_park() ? clock_lock(m, CLOCK_REALTIME, until) : next_timedlock(m, until);
}
KETTLE_GREEN_HOOK int pthread_mutex_clocklock(pthread_mutex_t* m, clockid_t clock,
                                              const timespec* until) noexcept {
  return may_park() ? clock_lock(m, clock, until) : next_clocklock(m, clock, until);
}

// <threads.h>: the same object by another name.
namespace {
pthread_mutex_t* as_pthread(mtx_t* m) noexcept { return reinterpret_cast<pthread_mutex_t*>(m); }
int as_thrd(int r) noexcept {
  return r == 0           ? thrd_success
         : r == ETIMEDOUT ? thrd_timedout
         : r == EBUSY     ? thrd_busy
                          : thrd_error;
}
}  // namespace

KETTLE_GREEN_HOOK int mtx_lock(mtx_t* m) { return as_thrd(pthread_mutex_lock(as_pthread(m))); }
KETTLE_GREEN_HOOK int mtx_unlock(mtx_t* m) { return as_thrd(unlock_mutex(as_pthread(m))); }
KETTLE_GREEN_HOOK int mtx_timedlock(mtx_t* m, const timespec* until) {
  return may_park() ? as_thrd(clock_lock(as_pthread(m), CLOCK_REALTIME, until))
                    : next_mtx_timedlock(m, until);
}
