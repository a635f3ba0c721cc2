#include <kettle/base/assert.hpp>
#include <kettle/sync/shared_mutex.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;

shared_mutex::~shared_mutex() {
  KETTLE_ASSERT((!writing_ && readers_ == 0 && waiters_.empty()) || exits_here(),
                "a shared_mutex was destroyed while locked or waited for");
}

// Here, unlike elsewhere, a newcomer waits behind whoever is in the list: it is fair to a writer
// that waits for the readers to leave. So whoever leaves the list without the lock lets those
// behind it in.
bool shared_mutex::take(bool shared) noexcept {
  if (waiters_.front() || writing_ || (!shared && readers_ > 0)) return false;
  if (shared)
    readers_++;
  else
    writing_ = true;
  return true;
}

void shared_mutex::grant_in_order(detail::wait_list& woken) noexcept {
  for (detail::queued_wait *w = waiters_.front(), *next; w && !writing_; w = next) {
    next = detail::wait_list::next(*w);
    bool shared = static_cast<detail::shared_mutex_wait*>(w)->shared_;
    if (!shared && readers_ > 0) return;
    if (!waiters_.grant(*w)) continue;
    if (shared)
      readers_++;
    else
      writing_ = true;
    woken.push_back(*w);
  }
}

void shared_mutex::unlock() noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    if (writing_)
      writing_ = false;
    else
      readers_--;
    grant_in_order(woken);
  }
  woken.wake_all();
}

void shared_mutex::leave(detail::queued_wait& w) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    waiters_.remove(w);
    grant_in_order(woken);
  }
  woken.wake_all();
}

shared_mutex::guard shared_mutex::try_lock() noexcept {
  small_guard locked(lock_);
  if (!take(false)) return {};
  return guard(*this, this_context());
}

shared_mutex::shared_guard shared_mutex::try_lock_shared() noexcept {
  small_guard locked(lock_);
  if (!take(true)) return {};
  return shared_guard(shared_, this_context());
}

bool exclusive_lock::start() {
  small_guard locked(mutex_->lock_);
  if (mutex_->take(false)) return true;
  mutex_->waiters_.push_back(*this);
  return false;
}

void exclusive_lock::unlink() noexcept { mutex_->leave(*this); }

shared_mutex::guard exclusive_lock::finish() {
  if (cancelled_meanwhile()) {
    mutex_->unlock();
    throw_cancelled();
  }
  return shared_mutex::guard(*mutex_, who());
}

bool shared_lock::start() {
  small_guard locked(mutex_->lock_);
  if (mutex_->take(true)) return true;
  mutex_->waiters_.push_back(*this);
  return false;
}

void shared_lock::unlink() noexcept { mutex_->leave(*this); }

shared_mutex::shared_guard shared_lock::finish() {
  if (cancelled_meanwhile()) {
    mutex_->unlock();
    throw_cancelled();
  }
  return shared_mutex::shared_guard(mutex_->shared_, who());
}

}  // namespace kettle::inline KETTLE_ABI
