#pragma once
// event: something that has happened, or not yet.
//
//   event ready;
//   co_await ready.wait();  // ready.wait().get() in a fiber or thread
//   ready.set();            // from anywhere: who waits goes on, and whoever comes later
//
// Lifetime: outlives its waits. Once wait() has returned the event may be destroyed.
// Cancellation: a wait that was granted returns, though its scope was cancelled meanwhile.
// Threads: any. Waiters are made ready in the order in which they came, each on its own home.
// Memory order: what was done before set() is visible after wait(), and after is_set() gave true.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>

namespace kettle::inline KETTLE_ABI {

class event_wait;

class event {
 public:
  event() noexcept = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;
  ~event();

  void set() noexcept;
  void clear() noexcept;  // who waits from now on waits for the next set()
  bool is_set() const noexcept { return set_.load(acquire); }
  event_wait wait() noexcept;

 private:
  friend class event_wait;
  detail::small_lock lock_;
  atomic<bool> set_{false};  // written under the lock; release, for is_set()
  detail::wait_list waiters_;
};

class KETTLE_WAIT event_wait : public operation<event_wait, detail::queued_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit event_wait(event& e) noexcept : event_(&e) {}
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "event.wait"; }
  void finish() noexcept {}

 private:
  event* event_;
};

inline event_wait event::wait() noexcept { return event_wait(*this); }

}  // namespace kettle::inline KETTLE_ABI
