#include "green/scheduler.hpp"

#include "green/engine.hpp"
#include "green/lot.hpp"
#include "green/machine.hpp"
#include "green/report.hpp"

namespace kettle::inline KETTLE_ABI::green {

__thread fiber* self __attribute__((tls_model("initial-exec"))) = nullptr;
scheduler here;

namespace {

fiber_line ready;
unsigned switches = 0;
atomic<fiber*> mails{nullptr};

void take_mails() noexcept {
  if (!mails.load(relaxed)) return;  // what comes later rings the bell
  fiber* f = mails.exchange(nullptr, acquire);
  while (f) {
    fiber* next = f->mail_next;
    f->mailed = true;
    unpark(*f, wake::granted);
    f = next;
  }
}

// A signal handler has run: whoever waits for something it may have changed looks again, and the
// thread that has signals delivered to it sees its call interrupted.
void signal_came() noexcept {
  bool known = here.interrupts.exchange(false, relaxed);
  bool breaks = here.breaks.exchange(false, relaxed) || !known;
  fiber* f = here.main;
  if (!f || f->now != fiber::state::parked || !f->interruptible) return;
  f->restart = !breaks;
  unpark(*f, wake::interrupted);
}

void look() noexcept {
  engine_look();
  take_mails();
  timer_expire(monotonic_now());
}

void sleep_until_something() noexcept {
  nanoseconds until = timer_next();
  if (until == never && !engine_has_watches() && here.outside == 0) report_deadlock();
  if (!engine_wait(until)) signal_came();
  take_mails();
  timer_expire(monotonic_now());
}

fiber& next_ready() noexcept {
  if (++switches % switches_per_look == 0) look();
  for (;;) {
    if (here.disturbed) {
      here.disturbed = false;
      lot_disturb();
    }
    if (here.interrupts.load(relaxed)) signal_came();
    if (fiber* f = ready.pop()) return *f;
    sleep_until_something();
  }
}

void run_another(fiber& me) noexcept {
  busy_section section;  // left by whoever is switched to
  fiber& next = next_ready();
  next.now = fiber::state::running;
  next.successes = 0;
  if (&next != &me) {
    here.current = &next;
    kettle_green_switch(&me.stack_pointer, next.stack_pointer, next.control_block);
  }
}

}  // namespace

void make_ready(fiber& f) noexcept {
  busy_section section;
  f.now = fiber::state::ready;
  ready.push(f);
}

wake park(nanoseconds until, bool interruptible) noexcept {
  busy_section section;
  fiber& me = *self;
  me.now = fiber::state::parked;
  me.interruptible = interruptible;
  if (until != never) timer_add(me, until);
  run_another(me);
  timer_remove(me);
  me.interruptible = false;
  return me.woken_by;
}

void unpark(fiber& f, wake why) noexcept {
  busy_section section;
  if (f.now != fiber::state::parked) return;
  f.woken_by = why;
  make_ready(f);
}

void unpark_from_anywhere(fiber& f) noexcept {
  fiber* head = mails.load(relaxed);
  do f.mail_next = head;
  while (!mails.compare_exchange_weak(head, &f, release, relaxed));
  engine_ring_bell();
}

void yield() noexcept {
  busy_section section;
  make_ready(*self);
  run_another(*self);
}

void leave() noexcept { run_another(*self); }

}  // namespace kettle::inline KETTLE_ABI::green
