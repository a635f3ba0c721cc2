#pragma once
// A first-in first-out queue of tickets from any thread to any thread, linked through the tickets.
//
// One short lock: a start costs two uncontended atomic exchanges, and a worker that takes moves a
// handful at once.

#include <kettle/base/spin_lock.hpp>
#include <kettle/core/place.hpp>

namespace kettle::inline KETTLE_ABI {

class injection_queue {
 public:
  // False: the queue is closed, the ticket was not taken.
  bool push(queue_ticket& t) noexcept {
    spin_guard here(lock_);
    if (closed_) return false;
    t.next = nullptr;
    (tail_ ? tail_->next : head_) = &t;
    tail_ = &t;
    size_.store(size_.load(relaxed) + 1, release);
    return true;
  }

  // Up to `most`, in order, as a list; null when there is none.
  // `keep` gets the list while the lock is held, and may put its rest where others look: whoever
  // finds the queue empty then finds it there.
  queue_ticket* take(std::uint32_t most) noexcept {
    return take(most, [](queue_ticket&) {});
  }
  template <class Keep> queue_ticket* take(std::uint32_t most, Keep keep) noexcept {
    if (empty()) return nullptr;
    spin_guard here(lock_);
    queue_ticket* first = head_;
    if (!first) return nullptr;
    queue_ticket* last = first;
    std::uint32_t taken = 1;
    for (; taken < most && last->next; taken++) last = last->next;
    head_ = last->next;
    if (!head_) tail_ = nullptr;
    last->next = nullptr;
    keep(*first);
    size_.store(size_.load(relaxed) - taken, release);  // who sees it sees where they are now
    return first;
  }

  void close() noexcept {
    spin_guard here(lock_);
    closed_ = true;
  }

  // Written under the lock. acquire pairs with push: a hint that is right once parking has ordered
  // it.
  bool empty() const noexcept { return size_.load(acquire) == 0; }
  std::uint64_t size() const noexcept { return size_.load(relaxed); }

 private:
  spin_lock lock_;
  queue_ticket* head_ = nullptr;
  queue_ticket* tail_ = nullptr;
  atomic<std::uint64_t> size_{0};
  bool closed_ = false;
};

}  // namespace kettle::inline KETTLE_ABI
