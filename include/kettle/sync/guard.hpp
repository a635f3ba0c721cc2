#pragma once
// What lock() and acquire() give: it gives back what it holds when it goes.
//
//   auto g = co_await m.lock();
//   g.release();                     // earlier, if it must be
//
// Movable; it belongs to the task that made it. An empty one (moved from, or of a try_ that failed)
// is false.

#include <kettle/core/context.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

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
    if (lock_) std::exchange(lock_, nullptr)->give_back(*holder_);
  }
  // It is never given back: for a semaphore that counts what has been made and used up.
  void keep() noexcept
    requires(Lock::can_be_kept)
  {
    lock_ = nullptr;
  }
  explicit operator bool() const noexcept { return lock_ != nullptr; }

  // For locks.
  guard(Lock& lock, context& holder) noexcept : lock_(&lock), holder_(&holder) {}
  Lock* of() const noexcept { return lock_; }

 private:
  Lock* lock_ = nullptr;
  context* holder_ = nullptr;
};

}  // namespace kettle::inline KETTLE_ABI
