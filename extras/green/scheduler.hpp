#pragma once
// Which fiber runs: a line of ready ones, a heap of timers, mail from other threads.
//
//   self->waits_for = "read";
//   if (park(deadline) == wake::timed_out) ...
//
// Whoever parks looks for the next one itself, on its own stack; when there is none it sleeps in
// the engine. No malloc, no lock and nothing of libc that could wait is used here.
// Memory ordering: a mail is pushed with release and taken with acquire; nothing else is shared.
// Threads: the carrier, but for unpark_from_anywhere().

#include "green/fiber.hpp"

#include <cerrno>

namespace kettle::inline KETTLE_ABI::green {

struct fiber_line {
  fiber* first = nullptr;
  fiber* last = nullptr;

  void push(fiber& f) noexcept {
    f.next = nullptr;
    (last ? last->next : first) = &f;
    last = &f;
  }
  fiber* pop() noexcept {
    fiber* f = first;
    if (f && !(first = f->next)) last = nullptr;
    return f;
  }
};

struct scheduler {
  fiber* current = nullptr;
  fiber* main = nullptr;    // the thread that called the program's main()
  fiber* newest = nullptr;  // all fibers, by `older`
  int carrier = 0;          // the kernel's number of the thread that runs them
  int process = 0;
  unsigned alive = 0;      // fibers whose function has not returned, main among them
  unsigned outside = 0;    // jobs that other kernel threads do for fibers
  bool busy = false;       // a signal handler that finds this set stays out of here
  bool disturbed = false;  // a handler did something that a parked fiber may wait for
  // Handlers that were called while the main thread waited, one without SA_RESTART: relaxed.
  atomic<bool> interrupts{false}, breaks{false};

  unsigned long main_thread() const noexcept {  // its pthread_t
    return reinterpret_cast<unsigned long>(main->control_block);
  }
};
extern scheduler here [[gnu::visibility("hidden")]];

// The scheduler's own lists change in here: a signal handler that finds `busy` set stays out. The
// barriers keep the compiler from moving anything across.
class busy_section {
 public:
  busy_section() noexcept {
    here.busy = true;
    asm volatile("" ::: "memory");
  }
  ~busy_section() {
    asm volatile("" ::: "memory");
    here.busy = was_;
  }

 private:
  bool was_ = here.busy;
};

inline constexpr unsigned switches_per_look = 61;    // at the engine, while fibers are ready
inline constexpr unsigned successes_per_turn = 128;  // calls that need not wait, then others' turn

// Parks the running fiber until unpark(), `until`, or, if `interruptible`, a signal.
wake park(nanoseconds until, bool interruptible = false) noexcept;
// Makes a parked fiber ready; nothing if it is not parked.
void unpark(fiber& f, wake why) noexcept;
inline void unpark(fiber* f, wake why) noexcept { unpark(*f, why); }
// From another thread: sets f.mailed and makes it ready if it is parked. At most one at a time.
void unpark_from_anywhere(fiber& f) noexcept;
void make_ready(fiber& f) noexcept;
// What the running fiber is about to wait in, for reports.
inline void about_to_wait(const char* what) noexcept {
  if (self) self->waits_for = what;
}
// Whether that ended a wait which is to begin again.
inline bool is_restarted(int error) noexcept { return error == EINTR && self && self->restart; }
void yield() noexcept;
// Leaves the running fiber, which has ended and may be used again by somebody else.
void leave() noexcept;
// After a call that did not wait: a fiber whose calls always succeed must not keep the others out.
inline void count_success() noexcept {
  if (self && ++self->successes >= successes_per_turn) yield();
}

// timers.cpp: a heap of the fibers that sleep until some moment.
void timer_add(fiber& f, nanoseconds when) noexcept;
void timer_remove(fiber& f) noexcept;
nanoseconds timer_next() noexcept;
void timer_expire(nanoseconds now) noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
