#include "green/offload.hpp"

#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

libc_function<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)> next_create{
    "pthread_create"};

// A line under a lock held for a few instructions; `posted` is what idle workers sleep on.
struct {
  atomic<int> locked{0};
  atomic<int> posted{0};
  job* first = nullptr;
  job* last = nullptr;
  int queued = 0, workers = 0, busy = 0;
  int at_rest = 0;  // as the loops were told
} line;

struct lock {
  lock() noexcept {
    while (line.locked.exchange(1, acquire)) __builtin_ia32_pause();
  }
  ~lock() {
    int idle = line.workers - line.busy - line.queued;
    int now = idle > 0 ? idle : 0, before = line.at_rest;
    line.at_rest = now;
    if (const host* h = present_host.load(relaxed); h && now != before)
      h->threads_at_rest->fetch_add(now - before, relaxed);
    line.locked.store(0, release);
  }
};

job* take() noexcept {
  lock held;
  job* j = line.first;
  if (!j) return nullptr;
  if (!(line.first = j->next)) line.last = nullptr;
  line.queued--;
  line.busy++;
  return j;
}

// Whether a new worker is needed for it.
bool put(job& j) noexcept {
  lock held;
  j.next = nullptr;
  (line.last ? line.last->next : line.first) = &j;
  line.last = &j;
  line.queued++;
  if (line.queued <= line.workers - line.busy || line.workers == most_workers) return false;
  line.workers++;
  return true;
}

void* work(void*) {
  for (;;) {
    int seen = line.posted.load(acquire);  // before the look, so that no post is slept through
    if (job* j = take()) {
      fiber* who = j->who;
      int bell = j->bell;
      j->run(j->argument);
      {
        lock held;
        line.busy--;
      }
      std::uint64_t one = 1;
      if (who)
        unpark_from_anywhere(*who);  // the job may be gone from here on
      else
        sys::raw_write(bell, &one, sizeof one);
      continue;
    }
    sys::raw_futex(line.posted.address(), FUTEX_WAIT_PRIVATE, unsigned(seen));
  }
}

bool make_worker() noexcept {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t ignored;
  int failed = next_create(&ignored, &attributes, work, nullptr);
  ::pthread_attr_destroy(&attributes);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return failed == 0;
}

// Takes the job back; false: a worker has it.
bool withdraw(job& j) noexcept {
  lock held;
  line.workers--;
  job* before = nullptr;
  for (job* k = line.first; k; before = k, k = k->next) {
    if (k != &j) continue;
    (before ? before->next : line.first) = j.next;
    if (line.last == &j) line.last = before;
    line.queued--;
    return true;
  }
  return false;
}

}  // namespace

static void hand_over() noexcept {
  line.posted.fetch_add(1, release);
  sys::raw_futex(line.posted.address(), FUTEX_WAKE_PRIVATE, 1);
}

static void offload_in_host(job& j, const char* what) noexcept {
  j.bell = int(sys::raw_call(SYS_eventfd2, 0, EFD_CLOEXEC));
  if (j.bell < 0 || (put(j) && !make_worker() && withdraw(j))) {
    j.run(j.argument);
  } else {
    hand_over();
    // The call has pointers to this frame: it is waited for to the end.
    pollfd p{j.bell, POLLIN, 0};
    while (wait_in_host(&p, 1, never, waits::to_the_end, what) != 0) {}
    std::uint64_t count;  // the worker has written by now, and lets go of the bell
    sys::raw_read(j.bell, &count, sizeof count);
  }
  if (j.bell >= 0) sys::raw_close(j.bell);
}

void offload_job(job& j, const char* what) noexcept {
  if (!self) return offload_in_host(j, what);
  fiber& me = *self;
  j.who = &me;
  me.mailed = false;
  me.waits_for = what;
  if (put(j) && !make_worker() && withdraw(j)) return j.run(j.argument);
  hand_over();
  here.outside++;
  while (!me.mailed) park(never);
  here.outside--;
}

}  // namespace kettle::inline KETTLE_ABI::green
