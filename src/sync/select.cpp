#include <kettle/sync/select.hpp>

#include "sys/futex.hpp"

namespace kettle::inline KETTLE_ABI::detail {

// While the group's claim says `starting` nobody can be granted, so that a wait which succeeds at
// once is the only one. A granter on another thread that meets one of us then keeps what it has and
// says so (passed_over): with that lock in its hand we cannot have opened yet, and whoever starts
// again finds what it kept.
bool select_group::start_all(wait_point* const* waits, std::size_t n) {
  waits_ = waits;
  size_ = n;
  group_.who = &who();
  group_.state.store(claim::starting,
                     relaxed);  // nobody knows us yet; the primitives' locks publish it
  for (std::size_t i = 0; i < n; i++) waits[i]->join(group_);
  for (int attempt = 0;; attempt++) {
    for (std::size_t i = 0; i < n; i++) {
      bool done = false;
      try {
        done = waits[i]->start();
      } catch (...) {
        unlink_first(i);
        throw;
      }
      if (!done) continue;
      group_.state.store(claim::granted, relaxed);
      size_ = i;
      unlink_losers();
      winner_ = i;
      size_ = 0;
      return true;
    }
    claim expected = claim::starting;
    if (group_.state.compare_exchange_strong(expected, claim::open, relaxed)) return false;
    unlink_first(n);
    // Two selects that pass over each other in step: one of them waits a little longer.
    for (std::uintptr_t i = 0;
         i < (reinterpret_cast<std::uintptr_t>(this) >> 4) % 64 * std::uintptr_t(attempt); i++)
      sys::relax();
    group_.state.store(claim::starting, relaxed);
  }
}

void select_group::unlink_first(std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; i++) waits_[i]->unlink();
}

void select_group::unlink_losers() noexcept {
  for (std::size_t i = 0; i < size_; i++)
    if (waits_[i] != group_.winner)
      waits_[i]->unlink();
    else
      winner_ = i;
  size_ = 0;
}

void select_group::cancel() noexcept {
  if (!group_.take(*this, claim::cancelled)) return;
  state_.store(claim::cancelled, relaxed);  // our own home reads it
  group_.holders.store(1, relaxed);         // nobody else reads it before unlink() of a future
  unlink_first(size_);
  if (group_.holders.fetch_sub(1, acq_rel) == 1) make_ready(who());
}

}  // namespace kettle::inline KETTLE_ABI::detail
