#pragma once
// condition: waits, with a mutex released meanwhile, for a change that another task makes under
// that mutex.
//
//   auto g = co_await m.lock();
//   while (items.empty())
//     co_await changed.wait(g);  // m is unlocked while it waits, locked when it returns
//   ...
//   changed.notify_one();        // the one that has waited longest; from anywhere
//
// A wait ends only when it was notified. The guard holds the mutex again on every way out, by an
// error too. Cancellation: a notified wait whose scope was cancelled before it resumed passes the
// notification on. Cancelling does not shorten the wait for the mutex. Threads: any; each waiter
// goes on on its own home. Outlives its waits.

#include <kettle/sync/mutex.hpp>

namespace kettle::inline KETTLE_ABI {

class condition_wait;

class condition {
 public:
  condition() noexcept = default;
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;
  ~condition();

  condition_wait wait(mutex::guard& held) noexcept;
  void notify_one() noexcept;
  void notify_all() noexcept;

 private:
  friend class condition_wait;
  detail::small_lock lock_;
  detail::wait_list waiters_;
};

class KETTLE_WAIT condition_wait : public operation<condition_wait, detail::queued_wait> {
 public:
  condition_wait(condition& c, mutex::guard& held) noexcept
      : condition_(&c), guard_(&held), mutex_(held.of()) {}
  bool start() override;
  void unlink() noexcept override;
  void cancel() noexcept override;
  const char* what() const noexcept override { return "condition.wait"; }
  void end(context& c);
  void finish();

 private:
  friend class condition;
  void relock() noexcept;
  condition* condition_;
  mutex::guard* guard_;
  mutex* mutex_;
};

inline condition_wait condition::wait(mutex::guard& held) noexcept {
  return condition_wait(*this, held);
}

}  // namespace kettle::inline KETTLE_ABI
