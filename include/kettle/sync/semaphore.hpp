#pragma once
// semaphore: a number of permits.
//
//   semaphore doors(2);
//   auto permit = co_await doors.acquire();        // given back when `permit` goes
//   if (auto permit = doors.try_acquire()) ...     // never waits
//   doors.release(3);                              // three more, from anywhere
//
// Cancellation: a permit granted to a wait whose scope was cancelled before it resumed goes to the
// next waiter. Fair: permits go to those who wait in the order in which they came; nobody overtakes
// them. Threads: any; each waiter goes on on its own home. Outlives its waits and guards.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>
#include <kettle/sync/guard.hpp>

#include <cstddef>

namespace kettle::inline KETTLE_ABI {

class semaphore_acquire;

class semaphore {
 public:
  static constexpr bool can_be_kept = true;
  using permit = guard<semaphore>;

  explicit semaphore(std::size_t permits) noexcept : permits_(permits) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore();

  semaphore_acquire acquire() noexcept;
  permit try_acquire() noexcept;
  void release(std::size_t permits = 1) noexcept;
  std::size_t available() const noexcept;

 private:
  friend class semaphore_acquire;
  friend permit;
  void give_back(context&) noexcept { release(); }

  mutable detail::small_lock lock_;
  std::size_t permits_;
  detail::wait_list waiters_;
};

class KETTLE_WAIT semaphore_acquire : public operation<semaphore_acquire, detail::queued_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit semaphore_acquire(semaphore& s) noexcept : semaphore_(&s) {}
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "semaphore.acquire"; }
  semaphore::permit finish();

 private:
  semaphore* semaphore_;
};

inline semaphore_acquire semaphore::acquire() noexcept { return semaphore_acquire(*this); }

}  // namespace kettle::inline KETTLE_ABI
