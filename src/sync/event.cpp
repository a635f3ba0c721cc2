#include <kettle/base/assert.hpp>
#include <kettle/sync/event.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;

event::~event() {
  KETTLE_ASSERT(waiters_.empty() || exits_here(),
                "an event was destroyed while somebody waits for it");
}

void event::set() noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    set_.store(true, release);
    waiters_.grant_all(woken);
  }
  woken.wake_all();
}

void event::clear() noexcept {
  small_guard locked(lock_);
  set_.store(false, relaxed);  // says nothing about what was done before
}

// Not decided by is_set() alone: who has taken the lock knows that set() has left the event, and
// may destroy it.
bool event_wait::start() {
  small_guard locked(event_->lock_);
  if (event_->set_.load(relaxed)) return true;
  event_->waiters_.push_back(*this);
  return false;
}

void event_wait::unlink() noexcept {
  small_guard locked(event_->lock_);
  event_->waiters_.remove(*this);
}

}  // namespace kettle::inline KETTLE_ABI
