#pragma once
// The lock inside a primitive: held for a few instructions, never across a wait.
//
// Several homes share a primitive, so it cannot do without one. Spins first; a holder that was
// preempted is waited for in sleeps of 50 us. Nobody has to be woken, so unlocking is one plain
// store: half the price of a futex lock. Memory order: acquire and release, the order in which
// everything in a primitive travels.

#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI::detail {

class small_lock {
 public:
  void lock(seam::where at = {}) noexcept {
    if constexpr (explored_build)
      if (seam::exploring()) return seam::lock(held_.address(), sizeof(std::uint32_t), at);
    if (held_.exchange(1, acquire)) [[unlikely]]
      lock_slowly();
  }
  void unlock(seam::where at = {}) noexcept {
    if constexpr (explored_build)
      if (seam::exploring()) return seam::unlock(held_.address(), sizeof(std::uint32_t), at);
    held_.store(0, release);
  }

 private:
  void lock_slowly() noexcept;
  atomic<std::uint32_t> held_{0};
};

class [[nodiscard]] small_guard {
 public:
  explicit small_guard(small_lock& l, seam::where at = {}) noexcept : lock_(l) { lock_.lock(at); }
  small_guard(const small_guard&) = delete;
  small_guard& operator=(const small_guard&) = delete;
  ~small_guard() { lock_.unlock(); }

 private:
  small_lock& lock_;
};

}  // namespace kettle::inline KETTLE_ABI::detail
