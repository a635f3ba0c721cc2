#pragma once
// Spinning where it pays: a wake-up of a sleeping core costs tens of microseconds, so whoever has
// got what it spun for may spin again, and longer.
//
//   if (credit.worth(busy)) credit.learn(spin(credit.window(), [&] { return there_is_work(); }));
//
// A hit earns one, a miss costs two; without credit one wait in 64 tries again. What has fallen
// asleep takes longer to answer than what spins: the window of who has much credit is so long that
// it outlasts one such answer, else two that spin for each other would lose each other at the first
// disturbance for good. Nobody spins on a core that one of `busy` others may need.
// Threads: one at a time.

#include "sys/futex.hpp"
#include "sys/machine.hpp"
#include "sys/time.hpp"

#include <algorithm>

namespace kettle::inline KETTLE_ABI {

class spin_credit {
 public:
  explicit spin_credit(unsigned cores = sys::affinity_cores()) noexcept : cores_(cores) {}
  bool worth(std::size_t busy) noexcept {
    return busy < cores_ && (credit_ > 0 || ++declined_ % probe_every == 0);
  }
  duration window() const noexcept { return (credit_ > 0 ? credit_ : most) * step; }
  void learn(bool hit) noexcept {
    credit_ = hit ? std::min(credit_ + 1, most) : std::max(credit_ - 2, 0);
  }

 private:
  static constexpr int most = 8;
  static constexpr unsigned probe_every = 64;
  static constexpr duration step = std::chrono::microseconds(12);
  unsigned cores_;
  int credit_ = most;
  unsigned declined_ = 0;
};

template <class Done> bool spin(duration window, Done done) noexcept {
  time_point until = after(sys::monotonic_now(), window);
  do {
    for (int i = 0; i < 16; i++) {
      if (done()) return true;
      sys::relax();
    }
  } while (sys::monotonic_now() < until);
  return false;
}

}  // namespace kettle::inline KETTLE_ABI
