#include <kettle/coro/map.hpp>

#include "sys/futex.hpp"

namespace kettle::inline KETTLE_ABI::detail {

void item_ends::expect() noexcept {
  spin_guard here(lock_);
  flying_.store(flying_.load(relaxed) + 1, relaxed);
}

void item_ends::ended(item_in_flight& i) noexcept {
  wait_point *taker = nullptr, *drainer = nullptr;
  {
    spin_guard here(lock_);
    if (!forgotten_) {
      (first_ ? last_->next_ended : first_) = &i;
      last_ = &i;
    }
    if (taker_ && taker_->grant()) taker = std::exchange(taker_, nullptr);
    std::uint32_t left = flying_.load(relaxed) - 1;
    flying_.store(left, release);  // acquired by block_until_none_flies()
    if (left == 0 && drainer_ && drainer_->grant()) drainer = std::exchange(drainer_, nullptr);
    if (left == 0 && blocked_) sys::futex_wake(flying_);
  }
  if (taker) taker->granted();
  if (drainer) drainer->granted();
}

void item_ends::forget() noexcept {
  spin_guard here(lock_);
  forgotten_ = true;
  first_ = last_ = nullptr;
}

void item_ends::block_until_none_flies() noexcept {
  {
    spin_guard here(lock_);
    blocked_ = true;
  }
  while (std::uint32_t left = flying_.load(acquire)) sys::futex_wait(flying_, left);
}

bool item_ends::take_operation::start() {
  spin_guard here(ends_.lock_);
  if (ends_.first_) return true;
  ends_.taker_ = this;
  return false;
}

void item_ends::take_operation::unlink() noexcept {
  spin_guard here(ends_.lock_);
  ends_.taker_ = nullptr;
}

item_in_flight* item_ends::take_operation::finish() noexcept {
  spin_guard here(ends_.lock_);
  item_in_flight* i = ends_.first_;
  ends_.first_ = i->next_ended;
  return i;
}

void refuse_dropped_results() {
  constexpr const char* text =
      "results of a pool's map were dropped in a coroutine, which cannot wait for what still runs: "
      "take them all, or map in a nursery: n.map(pool, f, range)";
  if (std::uncaught_exceptions() == 0) throw usage_error(text);
}

bool item_ends::drain_operation::start() {
  spin_guard here(ends_.lock_);
  if (ends_.flying_.load(relaxed) == 0) return true;
  ends_.drainer_ = this;
  return false;
}

}  // namespace kettle::inline KETTLE_ABI::detail
