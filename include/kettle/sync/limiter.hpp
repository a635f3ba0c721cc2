#pragma once
// limiter: at most so many tasks at once, and the number may change while it runs.
//
//   limiter slots{4};
//   auto slot = co_await slots.acquire();          // given back when `slot` goes
//   slots.total(8);                                // four more may come in at once
//
// Shrinking takes nothing away: available() is negative until enough have been given back. A task
// holds one token at most; asking for a second is a usage_error (two tasks that each want a second
// one would wait for ever). A token that outlives its task counts until it is given back.
// Cancellation: a token granted to a wait whose scope was cancelled before it resumed goes to the
// next waiter. Fair: in the order of arrival. Threads: any; each waiter goes on on its own home.
// Outlives its waits and tokens.

#include <kettle/base/key_set.hpp>
#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>
#include <kettle/sync/guard.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class limiter_acquire;

class limiter {
 public:
  using token = guard<limiter>;
  static constexpr bool numbers_holders = true;

  explicit limiter(std::size_t total) noexcept : total_(total) {}
  limiter(const limiter&) = delete;
  limiter& operator=(const limiter&) = delete;
  ~limiter();

  limiter_acquire acquire() noexcept;
  token try_acquire();  // empty when none is left; usage_error as acquire()

  std::size_t total() const noexcept;
  void total(std::size_t n) noexcept;
  std::size_t borrowed() const noexcept;
  std::ptrdiff_t available() const noexcept;  // total - borrowed
  std::size_t waiting() const noexcept;

 private:
  friend class limiter_acquire;
  friend token;
  bool take(context& c);  // under the lock
  void give_back(std::uint64_t holder) noexcept;
  void grant_what_is_free(detail::wait_list& woken) noexcept;

  mutable detail::small_lock lock_;
  std::size_t total_;
  detail::key_set borrowers_;
  detail::wait_list waiters_;
};

class KETTLE_WAIT limiter_acquire : public operation<limiter_acquire, detail::queued_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit limiter_acquire(limiter& l) noexcept : limiter_(&l) {}
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "limiter.acquire"; }
  limiter::token finish();

 private:
  limiter* limiter_;
};

inline limiter_acquire limiter::acquire() noexcept { return limiter_acquire(*this); }

}  // namespace kettle::inline KETTLE_ABI
