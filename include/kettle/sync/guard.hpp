#pragma once
// What lock() and acquire() give: it gives back what it holds when it goes.
//
//   auto g = co_await m.lock();
//   g.release();                     // earlier, if it must be
//
// Movable; it belongs to the task that made it. An empty one (moved from, or of a try_ that failed)
// is false.

#include <kettle/core/context.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace detail {

// A lock whose guards may outlive their task knows that by its number, the others by its context.
template <class Lock> inline constexpr bool numbers_holders = false;
template <class Lock>
  requires requires { requires Lock::numbers_holders; }
inline constexpr bool numbers_holders<Lock> = true;

}  // namespace detail

template <class Lock> class [[nodiscard("the guard releases at once when it is not kept")]] guard {
 public:
  guard() noexcept = default;
  guard(guard&& o) noexcept : lock_(std::exchange(o.lock_, nullptr)), holder_(o.holder_) {}
  guard& operator=(guard&& o) noexcept {
    if (this != &o) {
      release();
      lock_ = std::exchange(o.lock_, nullptr);
      holder_ = o.holder_;
    }
    return *this;
  }
  ~guard() { release(); }

  void release() noexcept {
    if (!lock_) return;
    if constexpr (detail::numbers_holders<Lock>)
      std::exchange(lock_, nullptr)->give_back(holder_);
    else
      std::exchange(lock_, nullptr)->give_back(*holder_);
  }
  // It is never given back: for a semaphore that counts what has been made and used up.
  void keep() noexcept
    requires(Lock::can_be_kept)
  {
    lock_ = nullptr;
  }
  explicit operator bool() const noexcept { return lock_ != nullptr; }

  // For locks.
  guard(Lock& lock, context& c) noexcept : lock_(&lock) {
    if constexpr (detail::numbers_holders<Lock>)
      holder_ = number_of(c);
    else
      holder_ = &c;
  }
  Lock* of() const noexcept { return lock_; }

 private:
  Lock* lock_ = nullptr;
  std::conditional_t<detail::numbers_holders<Lock>, std::uint64_t, context*> holder_{};
};

}  // namespace kettle::inline KETTLE_ABI
