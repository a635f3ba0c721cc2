#include <kettle/base/assert.hpp>
#include <kettle/sync/semaphore.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;

semaphore::~semaphore() {
  KETTLE_ASSERT(waiters_.empty() || exits_here(),
                "a semaphore was destroyed while somebody waits for it");
}

semaphore::permit semaphore::try_acquire() noexcept {
  small_guard locked(lock_);
  if (permits_ == 0) return {};
  permits_--;
  return permit(*this, this_context());
}

void semaphore::release(std::size_t permits) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    for (; permits > 0; permits--) {
      detail::queued_wait* next = waiters_.grant_first();
      if (!next) break;
      woken.push_back(*next);
    }
    permits_ += permits;
  }
  woken.wake_all();
}

std::size_t semaphore::available() const noexcept {
  small_guard locked(lock_);
  return permits_;
}

bool semaphore_acquire::start() {
  small_guard locked(semaphore_->lock_);
  if (semaphore_->permits_ > 0) {
    semaphore_->permits_--;
    return true;
  }
  semaphore_->waiters_.push_back(*this);
  return false;
}

void semaphore_acquire::unlink() noexcept {
  small_guard locked(semaphore_->lock_);
  semaphore_->waiters_.remove(*this);
}

semaphore::permit semaphore_acquire::finish() {
  if (cancelled_meanwhile()) {
    semaphore_->release();
    throw_cancelled();
  }
  return semaphore::permit(*semaphore_, who());
}

}  // namespace kettle::inline KETTLE_ABI
