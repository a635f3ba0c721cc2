#include <kettle/sync/detail/small_lock.hpp>

#include "sys/futex.hpp"

namespace kettle::inline KETTLE_ABI::detail {

namespace {
constexpr int spins = 200;  // some microseconds: far more than a holder needs that is running
constexpr duration nap{50'000};
}  // namespace

void small_lock::lock_slowly() noexcept {
  for (;;) {
    for (int i = 0; i < spins; i++) {
      if (held_.load(relaxed) == 0 && held_.exchange(1, acquire) == 0) return;
      sys::relax();
    }
    sys::futex_wait(held_, 1, sys::monotonic_now() + nap);
  }
}

}  // namespace kettle::inline KETTLE_ABI::detail
