#pragma once
// shared_mutex: many readers or one writer.
//
//   shared_mutex m;
//   auto r = co_await m.lock_shared();       // together with other readers
//   auto w = co_await m.lock();              // alone
//
// Fair: in the order of arrival; a reader does not overtake a writer that waits. Not recursive: a
// task that wants the second lock while a writer waits between waits for itself. Cancellation: a
// lock granted to a wait whose scope was cancelled before it resumed goes to the next waiter.
// Threads: any; each waiter goes on on its own home; a guard may be released anywhere. Outlives its
// waits and guards.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>
#include <kettle/sync/guard.hpp>

#include <cstddef>

namespace kettle::inline KETTLE_ABI {

class exclusive_lock;
class shared_lock;

class shared_mutex {
 public:
  // What a shared guard holds on to.
  class shared_side {
   public:
    explicit shared_side(shared_mutex& m) noexcept : of_(m) {}

   private:
    friend kettle::guard<shared_side>;
    void give_back(context&) noexcept { of_.unlock(); }
    shared_mutex& of_;
  };
  using guard = kettle::guard<shared_mutex>;
  using shared_guard = kettle::guard<shared_side>;

  shared_mutex() noexcept = default;
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;
  ~shared_mutex();

  exclusive_lock lock() noexcept;
  shared_lock lock_shared() noexcept;
  guard try_lock() noexcept;
  shared_guard try_lock_shared() noexcept;

 private:
  friend class exclusive_lock;
  friend class shared_lock;
  friend guard;
  void give_back(context&) noexcept { unlock(); }
  bool take(bool shared) noexcept;  // under the lock
  void unlock() noexcept;
  void grant_in_order(detail::wait_list& woken) noexcept;
  void leave(detail::queued_wait& w) noexcept;

  detail::small_lock lock_;
  bool writing_ = false;
  std::size_t readers_ = 0;
  detail::wait_list waiters_;
  shared_side shared_{*this};
};

namespace detail {

class shared_mutex_wait : public queued_wait {
 public:
  bool shared_ = false;

 protected:
  ~shared_mutex_wait() = default;
};

}  // namespace detail

class KETTLE_WAIT exclusive_lock : public operation<exclusive_lock, detail::shared_mutex_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit exclusive_lock(shared_mutex& m) noexcept : mutex_(&m) {}
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "shared_mutex.lock"; }
  shared_mutex::guard finish();

 private:
  shared_mutex* mutex_;
};

class KETTLE_WAIT shared_lock : public operation<shared_lock, detail::shared_mutex_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit shared_lock(shared_mutex& m) noexcept : mutex_(&m) { shared_ = true; }
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "shared_mutex.lock_shared"; }
  shared_mutex::shared_guard finish();

 private:
  shared_mutex* mutex_;
};

inline exclusive_lock shared_mutex::lock() noexcept { return exclusive_lock(*this); }
inline shared_lock shared_mutex::lock_shared() noexcept { return shared_lock(*this); }

}  // namespace kettle::inline KETTLE_ABI
