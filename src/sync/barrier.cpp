#include <kettle/base/assert.hpp>
#include <kettle/sync/barrier.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;
using detail::wait_end;

barrier::~barrier() {
  KETTLE_ASSERT(waiters_.empty() || exits_here(),
                "a barrier was destroyed while somebody waits for it");
}

// Under the lock. A waiter that is left in the list is being cancelled: it no longer counts.
void barrier::break_up(detail::wait_list& woken, bool for_good) noexcept {
  broken_ = for_good;
  arrived_ = 0;
  waiters_.grant_all(woken, wait_end::broken);
  while (detail::queued_wait* w = waiters_.front()) waiters_.remove(*w);
}

void barrier::break_up(bool for_good) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    break_up(woken, for_good);
  }
  woken.wake_all();
}

void barrier::abort() noexcept { break_up(true); }
void barrier::reset() noexcept { break_up(false); }

bool barrier::broken() const noexcept {
  small_guard locked(lock_);
  return broken_;
}

std::size_t barrier::waiting() const noexcept {
  small_guard locked(lock_);
  return waiters_.size();
}

bool barrier_wait::start() {
  detail::wait_list woken;
  {
    small_guard locked(barrier_->lock_);
    if (barrier_->broken_)
      throw broken_resource("barrier: broken by one who did not wait to the end");
    rank_ = barrier_->arrived_++;
    if (barrier_->arrived_ < barrier_->parties_) {
      barrier_->waiters_.push_back(*this);
      return false;
    }
    barrier_->arrived_ = 0;
    barrier_->waiters_.grant_all(woken);
    if (woken.size() + 1 < barrier_->parties_) {  // one is being cancelled: they have not met
      end_ = wait_end::broken;
      for (detail::queued_wait* w = woken.front(); w; w = detail::wait_list::next(*w))
        w->end_ = wait_end::broken;
      barrier_->break_up(woken, true);
    }
  }
  woken.wake_all();
  return true;
}

void barrier_wait::unlink() noexcept {
  detail::wait_list woken;
  {
    small_guard locked(barrier_->lock_);
    bool told = !queued_;  // the others were, already
    barrier_->waiters_.remove(*this);
    if (told) return;
    barrier_->break_up(woken, true);
  }
  woken.wake_all();
}

std::size_t barrier_wait::finish() {
  if (end_ == wait_end::done) return rank_;
  if (cancelled_meanwhile()) throw_cancelled();  // all of us were: that is the reason
  throw broken_resource("barrier: broken by one who did not wait to the end");
}

}  // namespace kettle::inline KETTLE_ABI
