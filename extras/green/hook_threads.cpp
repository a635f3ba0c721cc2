// pthread_create makes a fiber; what is asked of a thread afterwards is answered for the fiber.

#include "green/donor.hpp"
#include "green/handlers.hpp"
#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/memory.hpp"
#include "green/moments.hpp"
#include "green/offload.hpp"
#include "green/scheduler.hpp"
#include "green/start.hpp"

#include "sys/raw.hpp"

#include <cstdlib>
#include <cstring>

#include <pthread.h>
#include <signal.h>
#include <threads.h>

using namespace kettle::green;

namespace {

libc_function<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)> next_create{
    "pthread_create"};
libc_function<int(pthread_t, void**)> next_join{"pthread_join"};
libc_function<int(pthread_t, void**)> next_tryjoin{"pthread_tryjoin_np"};
libc_function<int(pthread_t, void**, clockid_t, const timespec*)> next_clockjoin{
    "pthread_clockjoin_np"};
libc_function<int(pthread_t)> next_detach{"pthread_detach"};
libc_function<void(void*)> next_exit{"pthread_exit"};
libc_function<int(pthread_t)> next_cancel{"pthread_cancel"};
libc_function<int(pthread_t, int)> next_kill{"pthread_kill"};
libc_function<int(pthread_t, const char*)> next_setname{"pthread_setname_np"};
libc_function<int(pthread_t, char*, std::size_t)> next_getname{"pthread_getname_np"};
libc_function<int(pthread_t, pthread_attr_t*)> next_getattr{"pthread_getattr_np"};
libc_function<int(pthread_t, std::size_t, cpu_set_t*)> next_getaffinity{"pthread_getaffinity_np"};
libc_function<int(pthread_t, std::size_t, const cpu_set_t*)> next_setaffinity{
    "pthread_setaffinity_np"};
libc_function<int(thrd_t*, thrd_start_t, void*)> next_thrd_create{"thrd_create"};

fiber* fiber_of(pthread_t t) noexcept { return self_of(reinterpret_cast<void*>(t)); }

fiber* fiber_for(const pthread_attr_t* attributes) noexcept {
  unsigned size_class = default_size_class();
  int detached = PTHREAD_CREATE_JOINABLE;
  if (attributes) {
    std::size_t bytes = 0, usual = 0;
    pthread_attr_t standard;
    ::pthread_attr_getdetachstate(attributes, &detached);
    // A size that was asked for is given; libc's default of 8 MiB is what nobody asked for.
    ::pthread_attr_getstacksize(attributes, &bytes);
    ::pthread_attr_init(&standard);
    ::pthread_attr_getstacksize(&standard, &usual);
    ::pthread_attr_destroy(&standard);
    if (bytes != usual && size_class_of(bytes + 8192) > size_class)
      size_class = size_class_of(bytes + 8192);  // its control block lies on it as well
    if (size_class == size_classes) return nullptr;
  }
  fiber* f = take_fiber(size_class);
  if (f) f->detached = detached == PTHREAD_CREATE_DETACHED;
  return f;
}

void begin(fiber& f, void* argument) noexcept {
  f.argument = argument;
  here.alive++;
  make_ready(f);
}

int join(fiber& f, void** result, nanoseconds until) {
  if (&f == self) return EDEADLK;
  if (f.detached || f.joined) return EINVAL;
  struct claim {
    fiber* f;
    ~claim() {
      if (f) f->joined = false;  // given up, or cancelled
    }
  } claimed{&f};
  f.joined = true;
  {
    test_cancel();
    lot_ticket ticket(&f, "pthread_join");
    while (f.now != fiber::state::ended) {
      if (ticket.wait(until, true) == wake::timed_out) return ETIMEDOUT;
      test_cancel();
    }
  }
  claimed.f = nullptr;
  if (result) *result = f.result;
  if (&f != here.main) give_back(f);
  return 0;
}

}  // namespace

KETTLE_GREEN_HOOK int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                     void* (*start)(void*), void* argument) noexcept {
  if (!self && !(begin_fibers() && self)) return next_create(thread, attributes, start, argument);
  fiber* f = fiber_for(attributes);
  if (!f) return EAGAIN;
  f->start = start;
  *thread = reinterpret_cast<pthread_t>(f->control_block);
  begin(*f, argument);
  return 0;
}

KETTLE_GREEN_HOOK int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
  if (!self && !(begin_fibers() && self)) return next_thrd_create(thread, start, argument);
  fiber* f = fiber_for(nullptr);
  if (!f) return thrd_nomem;
  f->start = nullptr;
  f->start_c11 = start;
  *thread = reinterpret_cast<thrd_t>(f->control_block);
  begin(*f, argument);
  return thrd_success;
}

KETTLE_GREEN_HOOK int pthread_join(pthread_t t, void** result) {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (f) return join(*f, result, never);
  if (!may_park()) return next_join(t, result);
  return offload("pthread_join", [&] { return next_join(t, result); });  // a real thread
}

KETTLE_GREEN_HOOK int thrd_join(thrd_t t, int* result) {
  void* value = nullptr;
  if (pthread_join(t, &value) != 0) return thrd_error;
  if (result) *result = int(reinterpret_cast<std::intptr_t>(value));
  return thrd_success;
}

KETTLE_GREEN_HOOK int pthread_tryjoin_np(pthread_t t, void** result) noexcept {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f) return next_tryjoin(t, result);
  if (f->now != fiber::state::ended) return EBUSY;
  return join(*f, result, never);
}

KETTLE_GREEN_HOOK int pthread_clockjoin_np(pthread_t t, void** result, clockid_t clock,
                                           const timespec* until) {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f) return next_clockjoin(t, result, clock, until);
  if (!until) return join(*f, result, never);
  nanoseconds moment = moment_of(clock, *until);
  return moment < 0 ? EINVAL : join(*f, result, moment);
}

KETTLE_GREEN_HOOK int pthread_timedjoin_np(pthread_t t, void** result, const timespec* until) {
  return pthread_clockjoin_np(t, result, CLOCK_REALTIME, until);
}

KETTLE_GREEN_HOOK int pthread_detach(pthread_t t) noexcept {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f) return next_detach(t);
  if (f->detached) return EINVAL;
  if (f->now == fiber::state::ended)
    give_back(*f);
  else
    f->detached = true;
  return 0;
}
KETTLE_GREEN_HOOK int thrd_detach(thrd_t t) {
  return pthread_detach(t) == 0 ? thrd_success : thrd_error;
}

KETTLE_GREEN_HOOK void pthread_exit(void* result) {
  if (self && self == here.main) {
    // The process lives until its last thread has ended. The main thread's own frames stay.
    self->result = result;
    here.alive--;
    self->now = fiber::state::ended;
    lot_wake(self, everybody);
    {
      lot_ticket ticket(&here.alive, "pthread_exit");
      while (here.alive > 0) ticket.wait(never);
    }
    std::exit(0);
  }
  if (self) {
    self->result = result;
    self->said_exit = true;
  }
  next_exit(result);  // unwinds to where the fiber's function was called
  __builtin_unreachable();
}
KETTLE_GREEN_HOOK void thrd_exit(int result) {
  pthread_exit(reinterpret_cast<void*>(std::intptr_t(result)));
}

KETTLE_GREEN_HOOK int pthread_cancel(pthread_t t) {
  int failed = next_cancel(t);
  if (fiber* f = self ? fiber_of(t) : nullptr; f && !failed && f->interruptible)
    unpark(*f, wake::interrupted);  // it looks whether it was cancelled
  return failed;
}

KETTLE_GREEN_HOOK int pthread_kill(pthread_t t, int number) noexcept {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f || f == here.main) return next_kill(t, number);
  if (f->now == fiber::state::ended || f->now == fiber::state::idle) return ESRCH;
  if (number == 0) return 0;
  // The handler runs at once, on the fiber that runs now; the one that was meant is interrupted.
  long r = kettle::sys::raw_call(SYS_tgkill, here.process, here.carrier, number);
  if (r == 0 && f->interruptible) {
    f->restart = has_restart(number);
    unpark(*f, wake::interrupted);
  }
  return int(-r);
}

KETTLE_GREEN_HOOK int pthread_setname_np(pthread_t t, const char* name) noexcept {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f || f == here.main) return next_setname(t, name);
  if (std::strlen(name) >= sizeof f->name) return ERANGE;
  std::strcpy(f->name, name);
  return 0;
}

KETTLE_GREEN_HOOK int pthread_getname_np(pthread_t t, char* name, std::size_t size) noexcept {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f || f == here.main) return next_getname(t, name, size);
  if (size < sizeof f->name) return ERANGE;
  std::strcpy(name, f->name);
  return 0;
}

KETTLE_GREEN_HOOK int pthread_getattr_np(pthread_t t, pthread_attr_t* attributes) noexcept {
  fiber* f = self ? fiber_of(t) : nullptr;
  if (!f || f == here.main) return next_getattr(t, attributes);
  ::pthread_attr_init(attributes);
  ::pthread_attr_setdetachstate(attributes,
                                f->detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
  return ::pthread_attr_setstack(attributes, f->stack_low, f->stack_bytes);
}

// All fibers run where the carrier runs.
KETTLE_GREEN_HOOK int pthread_getaffinity_np(pthread_t t, std::size_t size,
                                             cpu_set_t* set) noexcept {
  bool ours = self && fiber_of(t);
  return next_getaffinity(ours ? here.main_thread() : t, size, set);
}
KETTLE_GREEN_HOOK int pthread_setaffinity_np(pthread_t t, std::size_t size,
                                             const cpu_set_t* set) noexcept {
  bool ours = self && fiber_of(t);
  return next_setaffinity(ours ? here.main_thread() : t, size, set);
}
