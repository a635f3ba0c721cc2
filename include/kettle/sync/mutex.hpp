#pragma once
// mutex: one task at a time.
//
//   mutex m;
//   auto g = co_await m.lock();      // m.lock().get() in a fiber or thread; unlocked when g goes
//   if (auto g = m.try_lock()) ...   // never waits
//
// Fair: who unlocks and locks again comes after all who waited before. It may be held across waits.
// The task that locked it owns it: locking again is a usage_error, and when the owner ends with the
// guard put away somewhere, present and future waiters get broken_resource with the owner's name.
// Tasks that hold mutexes and wait for each other's, without a deadline, wait for ever: the lock()
// that closes such a circle throws deadlock_error, which names them.
// The guard may be moved, but is released on the thread that locked. Cancellation: a lock granted
// to a wait whose scope was cancelled before it resumed goes to the next waiter. Threads: any; each
// waiter goes on on its own home. Outlives its waits and guards.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>
#include <kettle/sync/guard.hpp>

#include <string>

namespace kettle::inline KETTLE_ABI {

class mutex_lock;

class mutex final : private held_lock {
 public:
  using guard = kettle::guard<mutex>;

  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  ~mutex();

  mutex_lock lock() noexcept;
  guard try_lock();  // empty when somebody else has it; usage_error, broken_resource as lock()
  bool is_locked() const noexcept;

 private:
  friend class mutex_lock;
  friend class condition_wait;
  friend struct debugger_view_of_mutex;
  friend guard;
  void give_back(context& holder) noexcept;
  void holder_ended(const char* holder) noexcept override;

  bool take(context& c);  // under the lock; false: somebody else has it
  void relock(
      detail::queued_wait& w) noexcept;  // of a condition: w gets the mutex now or in its turn
  void hold(context& c) noexcept;        // c's own home: from now on it must give it back
  [[noreturn]] void throw_broken() const;
  void describe_owner(std::string& out) const;

  // A task that waits for a mutex says so in those that it holds, so that a circle can be seen.
  void owners_wait(const context& owner, bool has_deadline) noexcept;
  static void owners_wait_no_more(const context& owner) noexcept;
  bool closes_a_circle() const noexcept;
  std::string describe_circle() const;

  mutable detail::small_lock lock_;
  bool broken_ = false;
  context* owner_ = nullptr;
  detail::wait_list waiters_;
  std::string broken_by_;
  const mutex* owner_waits_for_ = nullptr;  // under the lock of all circles
  bool owner_has_deadline_ = false;         // likewise: it will not wait for ever
};

class KETTLE_WAIT mutex_lock : public operation<mutex_lock, detail::queued_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit mutex_lock(mutex& m) noexcept : mutex_(&m) {}
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "mutex.lock"; }
  void describe(std::string& out) const override;
  mutex::guard finish();

 private:
  friend struct debugger_view_of_mutex;
  void stop_showing() noexcept;
  mutex* mutex_;
  bool shown_ = false;  // those it holds say that it waits
};

inline mutex_lock mutex::lock() noexcept { return mutex_lock(*this); }

}  // namespace kettle::inline KETTLE_ABI
