#include <kettle/base/assert.hpp>
#include <kettle/sync/condition.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;
using detail::wait_end;

condition::~condition() {
  KETTLE_ASSERT(waiters_.empty() || exits_here(),
                "a condition was destroyed while somebody waits for it");
}

// Who is notified moves on to the mutex's list, and is woken only when it has the mutex.
void condition::notify_one() noexcept {
  detail::queued_wait* w;
  {
    small_guard locked(lock_);
    w = waiters_.grant_first();
  }
  if (w) static_cast<condition_wait*>(w)->relock();
}

void condition::notify_all() noexcept {
  detail::wait_list notified;
  {
    small_guard locked(lock_);
    waiters_.grant_all(notified);
  }
  while (detail::queued_wait* w = notified.front()) {
    notified.remove(*w);
    static_cast<condition_wait*>(w)->relock();
  }
}

bool condition_wait::start() {
  if (!*guard_) throw usage_error("condition.wait: the guard does not hold its mutex");
  {
    small_guard locked(condition_->lock_);
    condition_->waiters_.push_back(*this);
  }
  mutex_->give_back(
      who());  // after we are in the list: whoever changes something from now on finds us
  return false;
}

void condition_wait::unlink() noexcept {
  small_guard locked(condition_->lock_);
  condition_->waiters_.remove(*this);
}

void condition_wait::cancel() noexcept {
  if (!take(claim::cancelled)) return;  // notified: finish() passes it on
  unlink();
  relock();
}

void condition_wait::relock() noexcept {
  decided_ = true;
  mutex_->relock(*this);
}

void condition_wait::end(context& c) {
  if (waited() && end_ != wait_end::broken) mutex_->hold(c);
  wait_point::end(c);
}

void condition_wait::finish() {
  if (cancelled_meanwhile()) {
    condition_->notify_one();
    throw_cancelled();
  }
  if (end_ == wait_end::broken) mutex_->throw_broken();
}

}  // namespace kettle::inline KETTLE_ABI
