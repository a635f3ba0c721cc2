#include <kettle/base/assert.hpp>
#include <kettle/sync/limiter.hpp>

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;

limiter::~limiter() {
  KETTLE_ASSERT(waiters_.empty() || exits_here(),
                "a limiter was destroyed while somebody waits for it");
}

bool limiter::take(context& c) {
  std::uint64_t holder = number_of(c);  // also before it waits: who grants to it may not give one
  if (borrowers_.contains(holder))
    throw usage_error(
        "limiter.acquire: this task holds a token of it already; two such tasks would wait for "
        "ever");
  // For those who wait too: who grants to them must not allocate.
  borrowers_.reserve(borrowers_.size() + waiters_.size() + 1);
  if (borrowers_.size() >= total_) return false;
  borrowers_.insert(holder);
  return true;
}

limiter::token limiter::try_acquire() {
  context& c = this_context();
  small_guard locked(lock_);
  if (!take(c)) return {};
  return token(*this, c);
}

void limiter::grant_what_is_free(detail::wait_list& woken) noexcept {
  while (borrowers_.size() < total_) {
    detail::queued_wait* next = waiters_.grant_first();
    if (!next) return;
    borrowers_.insert(number_of(next->who()));
    woken.push_back(*next);
  }
}

void limiter::give_back(std::uint64_t holder) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    borrowers_.erase(holder);
    grant_what_is_free(woken);
  }
  woken.wake_all();
}

void limiter::total(std::size_t n) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    total_ = n;
    grant_what_is_free(woken);
  }
  woken.wake_all();
}

std::size_t limiter::total() const noexcept {
  small_guard locked(lock_);
  return total_;
}

std::size_t limiter::borrowed() const noexcept {
  small_guard locked(lock_);
  return borrowers_.size();
}

std::ptrdiff_t limiter::available() const noexcept {
  small_guard locked(lock_);
  return std::ptrdiff_t(total_) - std::ptrdiff_t(borrowers_.size());
}

std::size_t limiter::waiting() const noexcept {
  small_guard locked(lock_);
  return waiters_.size();
}

bool limiter_acquire::start() {
  small_guard locked(limiter_->lock_);
  if (limiter_->take(who())) return true;
  limiter_->waiters_.push_back(*this);
  return false;
}

void limiter_acquire::unlink() noexcept {
  small_guard locked(limiter_->lock_);
  limiter_->waiters_.remove(*this);
}

limiter::token limiter_acquire::finish() {
  if (cancelled_meanwhile()) {
    limiter_->give_back(number_of(who()));
    throw_cancelled();
  }
  return limiter::token(*limiter_, who());
}

}  // namespace kettle::inline KETTLE_ABI
