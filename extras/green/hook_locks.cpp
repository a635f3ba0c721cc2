// Everything else one waits for by an address: read-write locks, semaphores, spin locks, once.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/moments.hpp"
#include "green/scheduler.hpp"
#include "green/wait_fd.hpp"

#include "sys/raw.hpp"

#include <climits>

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

namespace {

using namespace kettle::green;
using rwlock = pthread_rwlock_t;

libc_function<int(rwlock*)> next_tryrdlock{"pthread_rwlock_tryrdlock"};
libc_function<int(rwlock*)> next_trywrlock{"pthread_rwlock_trywrlock"};
libc_function<int(rwlock*)> next_rwunlock{"pthread_rwlock_unlock"};
libc_function<int(rwlock*)> next_rdlock{"pthread_rwlock_rdlock"};
libc_function<int(rwlock*)> next_wrlock{"pthread_rwlock_wrlock"};
libc_function<int(rwlock*, clockid_t, const timespec*)> next_clockrd{"pthread_rwlock_clockrdlock"};
libc_function<int(rwlock*, clockid_t, const timespec*)> next_clockwr{"pthread_rwlock_clockwrlock"};
libc_function<int(sem_t*)> next_sem_wait{"sem_wait"};
libc_function<int(sem_t*)> next_sem_post{"sem_post"};
libc_function<int(sem_t*, clockid_t, const timespec*)> next_sem_clockwait{"sem_clockwait"};
libc_function<int(pthread_spinlock_t*)> next_spin_lock{"pthread_spin_lock"};
libc_function<int(pthread_once_t*, void (*)())> next_once{"pthread_once"};

// Tries until it is done or time is up; `attempt` gives 0, an error, or `busy`.
template <class Attempt>
int try_or_park(const void* key, int busy, const char* what, nanoseconds until, bool interruptible,
                nanoseconds look_every, Attempt attempt) {
  int r = attempt();
  if (r != busy) return r;
  if (until < 0) return EINVAL;
  lot_ticket ticket(key, what, true);
  while ((r = attempt()) == busy) {
    nanoseconds look = look_every ? after(look_every) : never;
    wake w = ticket.wait(look < until ? look : until, interruptible);
    if (w == wake::interrupted && interruptible && !(until == never && is_restarted(EINTR)))
      return EINTR;
    if (w == wake::hopeless) return EDEADLK;
    if (w == wake::timed_out && look >= until) return ETIMEDOUT;
    if (w == wake::timed_out) ticket.again();
  }
  return r;
}

int read_lock(rwlock* l, nanoseconds until) noexcept {
  return try_or_park(l, EBUSY, "pthread_rwlock_rdlock", until, false, 0,
                     [l] { return next_tryrdlock(l); });
}
int write_lock(rwlock* l, nanoseconds until) noexcept {
  return try_or_park(l, EBUSY, "pthread_rwlock_wrlock", until, false, 0,
                     [l] { return next_trywrlock(l); });
}

int wait_semaphore(sem_t* s, nanoseconds until) {
  // Beside the value lies whether processes share it; their posts do not come by here.
  bool shared = reinterpret_cast<const int*>(s)[2] != 0;
  test_cancel();
  int r = try_or_park(s, EAGAIN, "sem_wait", until, true, shared ? 1'000'000 : 0,
                      [s] { return ::sem_trywait(s) == 0 ? 0 : errno; });
  if (r == EINTR) test_cancel();
  if (r == 0) return 0;
  errno = r;
  return -1;
}

}  // namespace

KETTLE_GREEN_HOOK int pthread_rwlock_rdlock(rwlock* l) noexcept {
  return may_park() ? read_lock(l, never) : next_rdlock(l);
}
KETTLE_GREEN_HOOK int pthread_rwlock_wrlock(rwlock* l) noexcept {
  return may_park() ? write_lock(l, never) : next_wrlock(l);
}
KETTLE_GREEN_HOOK int pthread_rwlock_clockrdlock(rwlock* l, clockid_t clock,
                                                 const timespec* until) noexcept {
  return may_park() ? read_lock(l, moment_of(clock, *until)) : next_clockrd(l, clock, until);
}
KETTLE_GREEN_HOOK int pthread_rwlock_clockwrlock(rwlock* l, clockid_t clock,
                                                 const timespec* until) noexcept {
  return may_park() ? write_lock(l, moment_of(clock, *until)) : next_clockwr(l, clock, until);
}
KETTLE_GREEN_HOOK int pthread_rwlock_timedrdlock(rwlock* l, const timespec* until) noexcept {
  return pthread_rwlock_clockrdlock(l, CLOCK_REALTIME, until);
}
KETTLE_GREEN_HOOK int pthread_rwlock_timedwrlock(rwlock* l, const timespec* until) noexcept {
  return pthread_rwlock_clockwrlock(l, CLOCK_REALTIME, until);
}
KETTLE_GREEN_HOOK int pthread_rwlock_unlock(rwlock* l) noexcept {
  int r = next_rwunlock(l);
  if (r == 0) lot_wake(l, everybody);
  return r;
}

KETTLE_GREEN_HOOK int sem_wait(sem_t* s) {
  return may_park() ? wait_semaphore(s, never) : next_sem_wait(s);
}
KETTLE_GREEN_HOOK int sem_clockwait(sem_t* s, clockid_t clock, const timespec* until) {
  return may_park() ? wait_semaphore(s, moment_of(clock, *until))
                    : next_sem_clockwait(s, clock, until);
}
KETTLE_GREEN_HOOK int sem_timedwait(sem_t* s, const timespec* until) {
  return sem_clockwait(s, CLOCK_REALTIME, until);
}
KETTLE_GREEN_HOOK int sem_post(sem_t* s) noexcept {
  int r = next_sem_post(s);
  if (r == 0) lot_wake(s, 1);
  return r;
}

KETTLE_GREEN_HOOK int pthread_spin_lock(pthread_spinlock_t* l) noexcept {
  if (!may_park()) return next_spin_lock(l);
  while (::pthread_spin_trylock(l) != 0) give_way();
  return 0;
}

// libc's own words: 0 not begun, 2 done; 1 is ours while it runs.
KETTLE_GREEN_HOOK int pthread_once(pthread_once_t* once, void (*begin)()) {
  constexpr int running = 1, done = 2;
  auto& word = *reinterpret_cast<kettle::atomic<int>*>(once);
  if (word.load(kettle::acquire) == done) return 0;
  if (!may_park()) return next_once(once, begin);
  {
    lot_ticket ticket(once, "pthread_once");
    // A real thread that runs it tells those who wait in libc, and not us: looked at again soon.
    while (word.load(kettle::acquire) & running)
      if (ticket.wait(self ? never : after(1'000'000)) == wake::timed_out) ticket.again();
  }
  if (word.load(kettle::acquire) == done) return 0;
  word.store(running, kettle::relaxed);
  struct ending {
    kettle::atomic<int>& word;
    int outcome = 0;  // left by an exception or pthread_exit(): the next one tries again
    ~ending() {
      word.store(outcome, kettle::release);
      lot_wake(word.address(), everybody);
      kettle::sys::raw_futex(word.address(), FUTEX_WAKE_PRIVATE, INT_MAX);  // who waits in libc
    }
  } end{word};
  begin();
  end.outcome = done;
  return 0;
}
KETTLE_GREEN_HOOK int __pthread_once(pthread_once_t* once, void (*begin)()) {
  return pthread_once(once, begin);
}
KETTLE_GREEN_HOOK void call_once(once_flag* flag, void (*begin)()) {
  pthread_once(reinterpret_cast<pthread_once_t*>(flag), begin);
}
