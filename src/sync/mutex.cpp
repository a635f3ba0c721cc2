#include <kettle/base/assert.hpp>
#include <kettle/sync/mutex.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;

mutex::~mutex() {
  KETTLE_ASSERT((!owner_ && waiters_.empty()) || exits_here(),
                "a mutex was destroyed while locked or waited for");
}

bool mutex::take(context& c) {
  if (broken_) throw_broken();
  if (owner_ == &c)
    throw usage_error("mutex.lock: this task holds it already, and would wait for itself");
  if (owner_) return false;
  owner_ = &c;
  return true;
}

void mutex::hold(context& c) noexcept {
  held_prev_ = nullptr;
  held_next_ = c.held_;
  if (c.held_) c.held_->held_prev_ = this;
  c.held_ = this;
}

mutex::guard mutex::try_lock() {
  context& c = this_context();
  {
    small_guard locked(lock_);
    if (!take(c)) return {};
  }
  hold(c);
  return guard(*this, c);
}

bool mutex::is_locked() const noexcept {
  small_guard locked(lock_);
  return owner_ != nullptr;
}

void mutex::give_back(context& holder) noexcept {
  detail::queued_wait* next;
  {
    small_guard locked(lock_);
    if (broken_) return;  // its owner has ended
    KETTLE_ASSERT(tls.at == holder.at_ || exits_here(),
                  "a mutex is unlocked on the thread that locked it");
    (held_prev_ ? held_prev_->held_next_ : holder.held_) = held_next_;
    if (held_next_) held_next_->held_prev_ = held_prev_;
    next = waiters_.grant_first();
    owner_ = next ? &next->who() : nullptr;
  }
  if (next) next->granted();
}

void mutex::holder_ended(const char* holder) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    broken_ = true;
    owner_ = nullptr;
    broken_by_ = holder;
    waiters_.grant_all(woken, detail::wait_end::broken);
  }
  woken.wake_all();
}

void mutex::relock(detail::queued_wait& w) noexcept {
  {
    small_guard locked(lock_);
    if (broken_) {
      w.end_ = detail::wait_end::broken;
    } else if (owner_) {
      return waiters_.push_back(w);
    } else {
      owner_ = &w.who();
    }
  }
  w.granted();
}

void mutex::throw_broken() const {
  throw broken_resource("mutex: its owner, " + broken_by_ + ", ended without unlocking it");
}

bool mutex_lock::start() {
  small_guard locked(mutex_->lock_);
  if (mutex_->take(who())) return true;
  mutex_->waiters_.push_back(*this);
  return false;
}

void mutex_lock::unlink() noexcept {
  small_guard locked(mutex_->lock_);
  mutex_->waiters_.remove(*this);
}

mutex::guard mutex_lock::finish() {
  bool broken = end_ == detail::wait_end::broken;
  if (!broken) mutex_->hold(who());
  if (cancelled_meanwhile()) {
    if (!broken) mutex_->give_back(who());
    throw_cancelled();
  }
  if (broken) mutex_->throw_broken();
  return mutex::guard(*mutex_, who());
}

}  // namespace kettle::inline KETTLE_ABI
