// Condition variables: a fiber parks in the lot before it lets the mutex go, so no signal is lost.
// Signals reach fibers first and threads that wait in libc otherwise.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/moments.hpp"
#include "green/mutex.hpp"
#include "green/scheduler.hpp"

#include <pthread.h>
#include <threads.h>

namespace {

using namespace kettle::green;

// The first version of these functions had another layout: asked for by number.
constexpr const char* present = "GLIBC_2.3.2";
libc_function<int(pthread_cond_t*, pthread_mutex_t*)> next_wait{"pthread_cond_wait", present};
libc_function<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)> next_timedwait{
    "pthread_cond_timedwait", present};
libc_function<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)> next_clockwait{
    "pthread_cond_clockwait"};
libc_function<int(pthread_cond_t*)> next_signal{"pthread_cond_signal", present};
libc_function<int(pthread_cond_t*)> next_broadcast{"pthread_cond_broadcast", present};

clockid_t clock_of(const pthread_cond_t* c) noexcept {
  return c->__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

int wait(pthread_cond_t* c, pthread_mutex_t* m, nanoseconds until) {
  if (until < 0) return EINVAL;
  test_cancel();
  wake how;
  {
    lot_ticket ticket(c, "pthread_cond_wait");
    if (int failed = unlock_mutex(m)) return failed;
    how = ticket.wait_once(until, true);
    if (int failed = lock_mutex(m, never, false)) return failed;
  }
  test_cancel();  // with the mutex held, as its cleanup handler expects
  return how == wake::timed_out ? ETIMEDOUT : 0;
}

}  // namespace

KETTLE_GREEN_HOOK int pthread_cond_wait(pthread_cond_t* c, pthread_mutex_t* m) {
  return may_park() ? wait(c, m, never) : next_wait(c, m);
}
KETTLE_GREEN_HOOK int pthread_cond_timedwait(pthread_cond_t* c, pthread_mutex_t* m,
                                             const timespec* until) {
  return may_park() ? wait(c, m, moment_of(clock_of(c), *until)) : next_timedwait(c, m, until);
}
KETTLE_GREEN_HOOK int pthread_cond_clockwait(pthread_cond_t* c, pthread_mutex_t* m, clockid_t clock,
                                             const timespec* until) {
  return may_park() ? wait(c, m, moment_of(clock, *until)) : next_clockwait(c, m, clock, until);
}
KETTLE_GREEN_HOOK int pthread_cond_signal(pthread_cond_t* c) noexcept {
  return lot_wake(c, 1) ? 0 : next_signal(c);
}
KETTLE_GREEN_HOOK int pthread_cond_broadcast(pthread_cond_t* c) noexcept {
  lot_wake(c, everybody);
  return next_broadcast(c);
}

namespace {
pthread_cond_t* as_pthread(cnd_t* c) noexcept { return reinterpret_cast<pthread_cond_t*>(c); }
pthread_mutex_t* as_pthread(mtx_t* m) noexcept { return reinterpret_cast<pthread_mutex_t*>(m); }
int as_thrd(int r) noexcept {
  return r == 0 ? thrd_success : r == ETIMEDOUT ? thrd_timedout : thrd_error;
}
}  // namespace

KETTLE_GREEN_HOOK int cnd_wait(cnd_t* c, mtx_t* m) {
  return as_thrd(pthread_cond_wait(as_pthread(c), as_pthread(m)));
}
KETTLE_GREEN_HOOK int cnd_timedwait(cnd_t* c, mtx_t* m, const timespec* until) {
  return as_thrd(pthread_cond_timedwait(as_pthread(c), as_pthread(m), until));
}
KETTLE_GREEN_HOOK int cnd_signal(cnd_t* c) { return as_thrd(pthread_cond_signal(as_pthread(c))); }
KETTLE_GREEN_HOOK int cnd_broadcast(cnd_t* c) {
  return as_thrd(pthread_cond_broadcast(as_pthread(c)));
}
