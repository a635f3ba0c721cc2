#pragma once
// Says what keeps a cancelled run open, once, when its grace is over.
//
//   grace_watch w(home, grace);      // duration::max(): never
//   w.begin(root, signals);          // from now on the root's cancellation is seen
//   w.end();                         // nothing keeps it open any more
//
// Belongs to the run's home.

#include "core/home.hpp"
#include "loop/run_signals.hpp"

#include <kettle/core/nursery.hpp>

namespace kettle::inline KETTLE_ABI::detail {

class grace_watch : private nursery::cancel_watch, private home::lookout {
 public:
  grace_watch(home& at, duration grace) noexcept
      : cancel_watch{was_cancelled}, lookout{is_late}, at_(at), grace_(grace) {}
  grace_watch(const grace_watch&) = delete;
  grace_watch& operator=(const grace_watch&) = delete;

  duration grace() const noexcept { return grace_; }
  void begin(nursery& root, const run_signals& signals) noexcept;
  void end() noexcept;

 private:
  static void was_cancelled(nursery::cancel_watch& w) noexcept;
  static void is_late(home::lookout& l) noexcept;
  void say() const;

  home& at_;
  const duration grace_;
  nursery* root_ = nullptr;
  const run_signals* signals_ = nullptr;
  home::lookout* outer_ = nullptr;  // of the run around this one
  bool armed_ = false;
};

}  // namespace kettle::inline KETTLE_ABI::detail
