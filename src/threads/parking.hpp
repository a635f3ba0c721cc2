#pragma once
// Where workers with nothing to do wait: they spin about as long as one wake-up costs, then sleep;
// nobody is woken while there is nothing to do, and no wake-up is lost.
//
//   producer:  put the job into a queue;  if (!lot.announce()) add a worker, if there may be more
//   worker:    while (!stopping) { if (job* j = take()) run(j); else lot.wait(any_work); }
//
// One word holds an epoch and the numbers of spinning and sleeping workers. Memory order: all its
// changes are acq_rel read-modify-writes, so announce() and a worker's step into sleep are ordered
// by that one word: either the step fails because the epoch has moved, and the worker, having
// acquired it, sees the job; or announce() sees the sleeper and wakes it. No store-then-load across
// two words, hence no fence.

#include "sys/futex.hpp"
#include "sys/outsiders.hpp"

#include <kettle/base/atomic.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class parking {
 public:
  // True: somebody spins or was woken and will look. False: all others are at work.
  bool announce() noexcept {
    std::uint64_t s = state_.fetch_add(epoch_step, acq_rel) + epoch_step;
    for (;;) {
      if (spinning(s) > 0) return true;
      if (sleeping(s) == 0) return false;
      if (state_.compare_exchange_weak(s, s - one_sleeping, acq_rel, acquire)) break;
    }
    wake(1);
    return true;
  }

  // Returns when any_work() may be true, or after stop(). True: nobody else is looking, so if there
  // is more than one piece of work, the caller announces the rest.
  template <class AnyWork> bool wait(AnyWork any_work) noexcept {
    state_.fetch_add(one_spinning, acq_rel);
    bool found = spin(any_work);
    std::uint64_t s = state_.load(acquire);
    while (!found && !stopped_.load(relaxed)) {
      found = any_work();
      if (found) break;
      if (state_.compare_exchange_strong(s, s - one_spinning + one_sleeping, acq_rel, acquire)) {
        sleep();
        return true;
      }
    }
    return spinning(state_.fetch_sub(one_spinning, acq_rel)) == 1;
  }

  // Wakes everybody, for good.
  void stop() noexcept {
    stopped_.store(true, relaxed);  // published by the epoch
    std::uint64_t s = state_.fetch_add(epoch_step, acq_rel) + epoch_step;
    while (sleeping(s) > 0) {
      if (!state_.compare_exchange_weak(s, s - sleeping(s) * one_sleeping, acq_rel, acquire))
        continue;
      wake(std::uint32_t(sleeping(s)));
      break;
    }
  }

  std::uint64_t sleepers() const noexcept { return sleeping(state_.load(relaxed)); }
  std::uint64_t wakes() const noexcept { return wakes_.load(relaxed); }

 private:
  static constexpr std::uint64_t one_sleeping = 1, one_spinning = 1 << 16,
                                 epoch_step = std::uint64_t(1) << 32;
  static std::uint64_t sleeping(std::uint64_t s) noexcept { return s & 0xffff; }
  static std::uint64_t spinning(std::uint64_t s) noexcept { return s >> 16 & 0xffff; }

  void wake(std::uint32_t n) noexcept {
    wakes_.fetch_add(n, relaxed);
    sys::threads_at_rest.fetch_sub(int(n), relaxed);
    permits_.fetch_add(
        n, relaxed);  // a permit carries nothing: the woken worker looks at state_ and the queues
    sys::futex_wake(permits_, int(n));
  }
  void sleep() noexcept {
    sys::threads_at_rest.fetch_add(1, relaxed);
    for (;;) {
      std::uint32_t p = permits_.load(relaxed);
      while (p > 0)
        if (permits_.compare_exchange_weak(p, p - 1, acquire, relaxed)) return;
      sys::futex_wait(permits_, 0);
    }
  }

  // Spinning that finds nothing is halved the next time and skipped in the end: where threads
  // compete for cores, the scheduler makes a thread that spun wait for its turn as long as it spun.
  // Every 32nd wait tries again.
  static constexpr std::uint32_t most_spins = 128, probe = 8;
  template <class AnyWork> bool spin(AnyWork& any_work) noexcept {
    std::uint32_t budget = spins_.load(relaxed);  // a hint, shared by all
    if (budget < probe) budget = waits_.fetch_add(1, relaxed) % 32 == 0 ? probe : 0;
    for (std::uint32_t i = 0; i < budget; i++) {
      if (any_work()) {
        spins_.store(budget * 2 < most_spins ? budget * 2 : most_spins, relaxed);
        return true;
      }
      sys::relax();
    }
    spins_.store(budget / 2, relaxed);
    return false;
  }

  alignas(64) atomic<std::uint64_t> state_{0};
  atomic<std::uint32_t> permits_{0};
  atomic<bool> stopped_{false};
  atomic<std::uint32_t> spins_{most_spins}, waits_{0};
  atomic<std::uint64_t> wakes_{0};
};

}  // namespace kettle::inline KETTLE_ABI
