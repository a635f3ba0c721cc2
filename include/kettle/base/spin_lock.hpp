#pragma once
// A lock for sections of a few instructions that never wait inside.

#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>

namespace kettle::inline KETTLE_ABI {

class spin_lock {
 public:
  void lock(detail::seam::where at = {}) noexcept {
    if constexpr (explored_build)
      if (detail::seam::exploring()) return detail::seam::lock(held_.address(), sizeof(bool), at);
    while (held_.exchange(true, acquire)) {  // acquire: sees what the last holder wrote
      while (held_.load(relaxed)) pause();
    }
  }
  // For a signal handler: who holds it may be who was interrupted.
  bool try_lock() noexcept {
    return !held_.load(relaxed) && !held_.exchange(true, acquire);  // as lock()
  }
  void unlock(detail::seam::where at = {}) noexcept {
    if constexpr (explored_build)
      if (detail::seam::exploring()) return detail::seam::unlock(held_.address(), sizeof(bool), at);
    held_.store(false, release);
  }

 private:
  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("isb" ::: "memory");
#endif
  }
  atomic<bool> held_{false};
};

class spin_guard {
 public:
  explicit spin_guard(spin_lock& lock, detail::seam::where at = {}) noexcept : lock_(lock) {
    lock_.lock(at);
  }
  spin_guard(const spin_guard&) = delete;
  spin_guard& operator=(const spin_guard&) = delete;
  ~spin_guard() { lock_.unlock(); }

 private:
  spin_lock& lock_;
};

}  // namespace kettle::inline KETTLE_ABI
