#pragma once
// What a forked child must know: it has one thread, and none of what others of its parent's
// threads, or their back ends, work on.
//
//   sys::fork_mark mark;                  // in an object that has threads
//   if (!mark.is_ours()) return;          // they are the parent's: nothing to close or to join
//   sys::in_forked_child(forget);         // once: forget() is called in each forked child
//
// Threads: any. A handler runs on the child's only thread, in the order of registration.

#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI::sys {

// How many there were on the way to this process. Changes only while it has one thread.
inline std::uint32_t forks = 0;

void in_forked_child(void (*handler)()) noexcept;

class fork_mark {
 public:
  fork_mark() noexcept;
  bool is_ours() const noexcept {
    return kettle::detail::seam::exploring() || seen_.load(relaxed) == forks;
  }
  // There was nothing yet that could be the parent's: it is this process's from now on.
  bool renew() noexcept {
    seen_.store(forks, relaxed);
    return true;
  }

 private:
  atomic<std::uint32_t> seen_;  // relaxed: threads that are made later see it
};

}  // namespace kettle::inline KETTLE_ABI::sys
