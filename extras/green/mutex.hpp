#pragma once
// A mutex of libc as a fiber takes and leaves it; conditions need both.
//
//   lock_mutex(m, never);      // parks; 0 or an errno value, as pthread_mutex_lock gives it
//   lock_mutex(m, never, false);    // not EDEADLK either, though a loop stands still
//
// Threads: lock_mutex is for fibers, unlock_mutex for any.

#include "green/fiber.hpp"

#include <pthread.h>

namespace kettle::inline KETTLE_ABI::green {

int lock_mutex(pthread_mutex_t* m, nanoseconds until, bool can_fail = true) noexcept;
int unlock_mutex(pthread_mutex_t* m) noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
