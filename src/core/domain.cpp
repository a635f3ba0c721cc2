#include "core/domain.hpp"

#include "base/must_make.hpp"
#include "core/home.hpp"
#include "sys/time.hpp"

#include <algorithm>

namespace kettle::inline v0 {

domain::domain(virtual_world* world, home* root) noexcept : world_(world), root_(root) {}

domain& domain::outside() noexcept {
  static domain* plain =
      must_make<domain>();  // never destroyed: threads may outlive static destruction
  return *plain;
}

time_point domain::now() noexcept { return world_ ? world_->now() : sys::monotonic_now(); }

void domain::add(home& h) noexcept {
  spin_guard here(lock_);
  if (root_) homes_.push_back(&h);
}

void domain::remove(home& h) noexcept {
  spin_guard here(lock_);
  if (root_) homes_.erase(std::find(homes_.begin(), homes_.end(), &h));
}

void domain::work_ends() noexcept {
  // acq_rel: the last one to fall asleep sees the timers that the others published before.
  if (busy_.fetch_sub(1, acq_rel) == 1 && root_) nobody_is_busy();
}

void domain::nobody_is_busy() noexcept {
  spin_guard here(lock_);
  if (busy_.load(acquire) != 0) return;
  time_point next = world_ ? world_->next_event() : never;
  for (home* h : homes_) {
    if (!h->asleep()) return;  // mail has reached it: its poster is about to count it
    if (world_) next = std::min(next, h->next_timer());
  }
  if (world_ && next != never) {
    if (next > world_->now()) world_->advance_to(next);
    for (home* h : homes_)
      if (h->next_timer() <= next) h->rouse();
    return;
  }
  for (home* h : homes_)
    if (h->outside_wakers.load(relaxed) > 0) return;
  if (deadlock_) post(*root_, *deadlock_);
}

}  // namespace kettle::inline v0
