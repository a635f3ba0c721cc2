#include "green/lot.hpp"

#include "green/engine.hpp"
#include "green/host.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cerrno>

#include <sys/eventfd.h>

namespace kettle::inline v0::green {

namespace {

struct bucket {
  atomic<int> locked{0};
  atomic<unsigned> inside{0};
  lot_ticket* first = nullptr;
  lot_ticket* last = nullptr;
};
constexpr std::uintptr_t bucket_count = 1024;
bucket lot[bucket_count];

bucket& bucket_of(const void* key) noexcept {
  auto k = reinterpret_cast<std::uintptr_t>(key);
  return lot[(k >> 3 ^ k >> 13) % bucket_count];
}

// Held for a few instructions and never across a park. On the carrier `busy` keeps signal handlers
// out meanwhile.
struct lock {
  bucket& b;
  bool on_carrier = self != nullptr;
  bool was_busy = here.busy;
  explicit lock(bucket& bucket) noexcept : b(bucket) {
    if (on_carrier) here.busy = true;
    asm volatile("" ::: "memory");
    while (b.locked.exchange(1, acquire)) __builtin_ia32_pause();
  }
  ~lock() {
    b.locked.store(0, release);
    asm volatile("" ::: "memory");
    if (on_carrier) here.busy = was_busy;
  }
};

}  // namespace

lot_ticket::lot_ticket(const void* key, std::uint32_t only) noexcept
    : key_(key), who_(self), only_(only) {
  enter();
}

lot_ticket::~lot_ticket() {
  // A wake that has chosen us and is no longer wanted belongs to the next in line.
  if (inside_ && !withdraw()) lot_wake(key_, 1, only_);
  if (bell_ >= 0) {
    {
      lock held(bucket_of(key_));
    }  // whoever took the ticket has rung by now
    sys::raw_close(bell_);
  }
}

void lot_ticket::enter() noexcept {
  bucket& b = bucket_of(key_);
  if (who_) who_->mailed = false;
  lock held(b);
  b.inside.fetch_add(1, seq_cst);  // before the caller looks at the word again
  before_ = b.last;
  next_ = nullptr;
  (b.last ? b.last->next_ : b.first) = this;
  b.last = this;
  inside_ = true;
}

bool lot_ticket::withdraw() noexcept {
  bucket& b = bucket_of(key_);
  {
    lock held(b);
    if (inside_) {
      (before_ ? before_->next_ : b.first) = next_;
      (next_ ? next_->before_ : b.last) = before_;
      b.inside.fetch_sub(1, relaxed);
      inside_ = false;
      return true;
    }
  }
  // Taken by a waker: if that was another thread, its mail must have come before the fiber goes on.
  while (who_ && !who_->mailed) park(never);
  return false;
}

// In a loop's fiber: locks and conditions are not cancellable, so the wait is to the end.
wake lot_ticket::park_in_host(nanoseconds until) noexcept {
  if (bell_ < 0) {
    bell_ = int(sys::raw_call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
    lock held(bucket_of(key_));
    if (!inside_) return wake::granted;  // before there was a bell to ring
  }
  pollfd p{bell_, POLLIN, 0};
  // Without a descriptor for a bell it looks again now and then.
  bool mute = bell_ < 0;
  nanoseconds soon = mute ? monotonic_now() + 1'000'000 : never;
  int r = wait_in_host(&p, mute ? 0 : 1, soon < until ? soon : until, waits::to_the_end, "lock");
  std::uint64_t count;
  if (!mute) sys::raw_read(bell_, &count, sizeof count);
  if (!withdraw()) return wake::granted;
  return r == EAGAIN && until <= soon ? wake::timed_out : wake::interrupted;
}

wake lot_ticket::park_here(nanoseconds until, bool interruptible) noexcept {
  if (!who_) return park_in_host(until);
  if (who_->mailed) return wake::granted;
  wake w = park(until, interruptible);
  if (who_->mailed) return wake::granted;
  return withdraw() ? w == wake::granted ? wake::interrupted : w : wake::granted;
}

wake lot_ticket::wait(nanoseconds until, bool interruptible) noexcept {
  wake w = park_here(until, interruptible);
  if (w != wake::timed_out) enter();
  return w;
}

wake lot_ticket::wait_once(nanoseconds until, bool interruptible) noexcept {
  return park_here(until, interruptible);
}

unsigned lot_wake(const void* key, unsigned most, std::uint32_t only) noexcept {
  bucket& b = bucket_of(key);
  if (b.inside.load(seq_cst) == 0) return 0;  // after the word was changed
  if (self && here.busy) {  // a signal handler on the carrier, in the middle of our own work
    here.disturbed = true;
    engine_ring_bell();  // it may be about to sleep
    return 0;
  }
  unsigned woken = 0;
  lock held(b);
  for (lot_ticket* t = b.first; t && woken < most;) {
    lot_ticket* next = t->next_;
    if (t->key_ == key && (t->only_ & only)) {
      (t->before_ ? t->before_->next_ : b.first) = t->next_;
      (t->next_ ? t->next_->before_ : b.last) = t->before_;
      b.inside.fetch_sub(1, relaxed);
      t->inside_ = false;
      if (!t->who_) {
        std::uint64_t one = 1;
        if (t->bell_ >= 0) sys::raw_write(t->bell_, &one, sizeof one);
        woken++;
        t = next;
        continue;
      }
      fiber& f = *t->who_;  // from here on the ticket may be gone as soon as its fiber runs
      if (self) {
        f.mailed = true;
        unpark(f, wake::granted);
      } else {
        unpark_from_anywhere(f);
      }
      woken++;
    }
    t = next;
  }
  return woken;
}

void lot_disturb() noexcept {
  for (fiber* f = here.newest; f; f = f->older)
    if (f->now == fiber::state::parked && f->interruptible) {
      f->restart = true;  // no signal of its own
      unpark(*f, wake::interrupted);
    }
  for (bucket& b : lot) {
    if (b.inside.load(relaxed) == 0) continue;
    lock held(b);
    for (lot_ticket* t = b.first; t; t = t->next_)
      if (t->who_) unpark(*t->who_, wake::granted);
  }
}

}  // namespace kettle::inline v0::green
