#pragma once
// barrier: a fixed number of tasks meet, again and again.
//
//   barrier meeting(3);
//   std::size_t rank = co_await meeting.wait();  // 0, 1, 2 as they came; all three go on together
//
// Who is cancelled while it waits breaks the barrier: everybody who waits or comes later gets
// broken_resource, until reset(). Cancelled after the last has come: the wait returns its rank, the
// next wait throws. Threads: any; each waiter goes on on its own home. Outlives its waits. Memory
// order: what each did before its wait() is visible to all after theirs.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>

#include <cstddef>

namespace kettle::inline KETTLE_ABI {

class barrier_wait;

class barrier {
 public:
  explicit barrier(std::size_t parties) noexcept : parties_(parties) {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;
  ~barrier();

  barrier_wait wait() noexcept;
  void abort() noexcept;  // breaks it: who waits gets broken_resource
  void reset() noexcept;  // who still waits gets broken_resource, who comes from now on meets anew
  bool broken() const noexcept;
  std::size_t waiting() const noexcept;

 private:
  friend class barrier_wait;
  void break_up(bool for_good) noexcept;
  void break_up(detail::wait_list& woken, bool for_good) noexcept;

  mutable detail::small_lock lock_;
  bool broken_ = false;
  std::size_t parties_;
  std::size_t arrived_ = 0;  // in this generation
  detail::wait_list waiters_;
};

class KETTLE_WAIT barrier_wait : public operation<barrier_wait, detail::queued_wait> {
 public:
  explicit barrier_wait(barrier& b) noexcept : barrier_(&b) {}
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "barrier.wait"; }
  std::size_t finish();

 private:
  barrier* barrier_;
  std::size_t rank_ = 0;
};

inline barrier_wait barrier::wait() noexcept { return barrier_wait(*this); }

}  // namespace kettle::inline KETTLE_ABI
