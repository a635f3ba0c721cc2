#include "core/domain.hpp"

#include <kettle/core/job_queue.hpp>

#include "base/never_destroyed.hpp"
#include "core/home.hpp"
#include "sys/outsiders.hpp"
#include "sys/time.hpp"

#include <algorithm>

namespace kettle::inline KETTLE_ABI {

domain::domain(virtual_world* world, home* root) noexcept : world_(world), root_(root) {}

domain& domain::outside() noexcept {
  static never_destroyed<domain> plain;  // threads may outlive static destruction
  return plain.object;
}

time_point domain::now() noexcept { return world_ ? world_->now() : sys::monotonic_now(); }

void domain::add(home& h) noexcept {
  if (!root_) return;
  spin_guard here(lock_);
  homes_.push_back(h);
  home_count_++;
}

void domain::remove(home& h) noexcept {
  if (!root_) return;
  spin_guard here(lock_);
  homes_.remove(h);
  home_count_--;
}

backlog* domain::job_waits(const job_queue& queue) {
  if (!root_) return nullptr;
  spin_guard here(lock_);
  auto fits = [&](const backlog& b) { return b.queue == &queue || b.jobs.load(acquire) == 0; };
  auto found = std::find_if(backlogs_.begin(), backlogs_.end(), fits);
  backlog& b = found != backlogs_.end() ? *found : backlogs_.emplace_front();
  b.queue = &queue;
  b.width = queue.most_at_work();
  b.jobs.fetch_add(1, relaxed);  // seen by whoever finds its starter asleep
  return &b;
}

void domain::job_begins(backlog* from) noexcept {
  work_begins();
  if (from) from->jobs.fetch_sub(1, release);  // who sees it gone sees that somebody is busy
}

bool domain::has_free_thread(const backlog& b) const noexcept {
  std::uint32_t at_work = 0;
  for (home* h = homes_.front(); h; h = homes_.next(*h)) at_work += h->takes_jobs_from() == b.queue;
  return at_work < b.width;
}

void domain::work_ends() noexcept {
  // acq_rel: the last one to fall asleep sees the timers that the others published before.
  if (busy_.fetch_sub(1, acq_rel) == 1 && root_) nobody_is_busy();
}

void domain::nobody_is_busy() noexcept {
  spin_guard here(lock_);
  if (busy_.load(acquire) != 0) return;
  for (const backlog& b : backlogs_)
    if (b.jobs.load(acquire) > 0 && has_free_thread(b)) return;  // it is about to begin
  for (home* h = homes_.front(); h; h = homes_.next(*h))
    if (!h->asleep()) return;  // mail has reached it: its poster is about to count it
  time_point next = world_ ? next_event() : never;
  if (busy_.load(relaxed) != 0) return;  // a job has begun meanwhile
  if (world_ && next != never) {
    turns_.store(0, relaxed);
    if (next > world_->now()) world_->advance_to(next);
    for (home* h = homes_.front(); h; h = homes_.next(*h))
      if (h->next_timer() <= next) h->rouse();
    return;
  }
  if (deadlock_ && is_judged()) post(*root_, *deadlock_);
}

// What virtual time would jump to.
time_point domain::next_event() const noexcept {
  time_point next = world_->next_event();
  for (home* h = homes_.front(); h; h = homes_.next(*h)) next = std::min(next, h->next_timer());
  return next;
}

// With nobody waiting for the clock it is a program that has much to do.
void domain::time_stands_still() noexcept {
  spin_guard here(lock_);
  turns_.store(0, relaxed);
  if (standstill_ && next_event() != never) post(*root_, *standstill_);
}

// Nothing of ours will ever happen; whether nothing else will.
bool domain::is_judged() noexcept {
  bool open = false;
  for (home* h = homes_.front(); h; h = homes_.next(*h)) {
    if (h->outside_wakers.load(relaxed) > 0) return false;
    open |= h->open_waits.load(relaxed) > 0;
  }
  return !open || (quiet_.exchange(false, relaxed) && !sys::has_outsiders(int(home_count_)));
}

}  // namespace kettle::inline KETTLE_ABI
