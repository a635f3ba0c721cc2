#include "green/lot.hpp"

#include "green/engine.hpp"
#include "green/scheduler.hpp"

namespace kettle::inline KETTLE_ABI::green {

struct lot_bucket {
  atomic<int> locked{0};
  atomic<unsigned> inside{0};
  lot_ticket* first = nullptr;
  lot_ticket* last = nullptr;
};

namespace {

using bucket = lot_bucket;
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

lot_ticket::lot_ticket(const void* key, const char* what, bool can_fail,
                       std::uint32_t only) noexcept
    : key_(key), what_(what), who_(self), only_(only), can_fail_(can_fail) {
  about_to_wait(what);
  enter();
}

lot_ticket::~lot_ticket() {
  // A wake that has chosen us and is no longer wanted belongs to the next in line.
  if (inside_ && !withdraw()) lot_wake(key_, 1, only_);
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
  in_host_ = nullptr;  // of an earlier wait
}

void lot_ticket::take_out(bucket& b) noexcept {
  (before_ ? before_->next_ : b.first) = next_;
  (next_ ? next_->before_ : b.last) = before_;
  b.inside.fetch_sub(1, relaxed);
  inside_ = false;
}

bool lot_ticket::withdraw() noexcept {
  bucket& b = bucket_of(key_);
  {
    lock held(b);
    if (inside_) {
      take_out(b);
      return true;
    }
  }
  // Taken by a waker: if that was another thread, its mail must have come before the fiber goes on.
  while (who_ && !who_->mailed) park(never);
  return false;
}

bool lot_ticket::publish(host_wait* w) noexcept {
  lock held(bucket_of(key_));
  in_host_ = w;
  return inside_;
}

// In a loop's fiber: locks and conditions are not cancellable, so the wait is to the end.
wake lot_ticket::park_in_host(nanoseconds until) noexcept {
  wake w = present_host.load(relaxed)->park(*this, until, what_, can_fail_);
  return withdraw() ? w : wake::granted;
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
  if (w == wake::granted || w == wake::interrupted) enter();
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
  host_wait* claimed = nullptr;
  host_wait** last = &claimed;
  {
    lock held(b);
    for (lot_ticket* t = b.first; t && woken < most;) {
      lot_ticket* next = t->next_;
      if (t->key_ == key && (t->only_ & only)) {
        t->take_out(b);
        woken++;
        if (fiber* f = t->who_) {
          // From here on the ticket may be gone as soon as its fiber runs.
          if (self) {
            f->mailed = true;
            unpark(*f, wake::granted);
          } else {
            unpark_from_anywhere(*f);
          }
        } else if (host_wait* w = t->in_host_; w && w->claim()) {
          *last = w;
          last = &w->next;
        }
      }
      t = next;
    }
  }
  *last = nullptr;
  // Without the lock: a loop is woken by the very functions that look into the lot.
  while (host_wait* w = claimed) {
    claimed = w->next;
    w->unpark();
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

}  // namespace kettle::inline KETTLE_ABI::green
