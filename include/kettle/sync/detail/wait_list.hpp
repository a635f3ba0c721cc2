#pragma once
// Who waits in a primitive, in order of arrival. Everything here happens under the primitive's
// lock.
//
// A granter takes the first waiter whose claim it wins. One whose claim was lost for good, to a
// cancellation or to another wait of its select, is passed over once: it leaves the line, is
// counted until it unlinks itself, and no later granter walks past it again. One of a select that
// is just starting stays, and will look again. So a primitive that finds nobody to grant keeps what
// it has, and a newcomer decides by that and not by whether somebody is in the list.

#include <kettle/core/wait_point.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI::detail {

// How a granted wait ended; what is not `done` makes its finish() throw.
enum class wait_end : std::uint8_t { done, ended, closed, broken };

class queued_wait : public wait_point {
 public:
  queued_wait() noexcept = default;
  queued_wait(const queued_wait& o) noexcept : wait_point(o) {}

  bool waited() const noexcept { return waited_; }

 protected:
  ~queued_wait() = default;
  // The scope was cancelled after the claim was granted: what can be handed on is handed on.
  bool cancelled_meanwhile() const noexcept;
  [[noreturn]] void throw_cancelled() const;

  friend class wait_list;
  queued_wait* prev_ = nullptr;
  queued_wait* next_ = nullptr;
  bool queued_ = false;
  bool passed_ = false;   // out of the line because its claim was lost, and not yet unlinked
  bool waited_ = false;   // it did not get what it wanted at once
  bool decided_ = false;  // its claim was settled in another list: here it only waits for its turn

 public:
  wait_end end_ = wait_end::done;
};

class wait_list {
 public:
  wait_list() noexcept = default;
  wait_list(const wait_list&) = delete;
  wait_list& operator=(const wait_list&) = delete;

  // Nobody is in the line, and nobody who was passed over has still to unlink itself.
  bool empty() const noexcept { return head_ == nullptr && passed_ == 0; }
  std::size_t size() const noexcept { return size_; }
  queued_wait* front() const noexcept { return head_; }

  void push_back(queued_wait& w) noexcept {
    w.queued_ = w.waited_ = true;
    w.prev_ = tail_;
    w.next_ = nullptr;
    (tail_ ? tail_->next_ : head_) = &w;
    tail_ = &w;
    size_++;
  }
  bool remove(queued_wait& w) noexcept {  // false, and harmless, when it is not in the list
    bool queued = w.queued_;
    if (queued)
      take_out(w);
    else if (w.passed_)
      w.passed_ = false, passed_--;
    return queued;
  }
  static queued_wait* next(const queued_wait& w) noexcept { return w.next_; }
  static bool is_passed_over(const queued_wait& w) noexcept { return w.passed_; }
  // Claims w and takes it out, if its claim can be won.
  bool grant(queued_wait& w) noexcept {
    if (w.decided_ || w.grant()) {
      take_out(w);
      return true;
    }
    if (w.is_settled()) {
      take_out(w);
      w.passed_ = true;
      passed_++;
    }
    return false;
  }
  // The first that can be claimed; null: there is none.
  queued_wait* grant_first() noexcept {
    for (queued_wait *w = head_, *after; w; w = after) {
      after = w->next_;
      if (grant(*w)) return w;
    }
    return nullptr;
  }
  // All that can be claimed go over to `woken`, in one walk.
  void grant_all(wait_list& woken, wait_end how = wait_end::done) noexcept {
    for (queued_wait *w = head_, *after; w; w = after) {
      after = w->next_;
      if (!grant(*w)) continue;
      w->end_ = how;
      woken.push_back(*w);
    }
  }
  // Resumes everybody in a list of granted waits; without the lock, the last thing a granter does.
  void wake_all() noexcept {
    while (queued_wait* w = head_) {
      take_out(*w);
      w->granted();  // w may be gone from here on
    }
  }

 private:
  void take_out(queued_wait& w) noexcept {
    w.queued_ = false;
    (w.prev_ ? w.prev_->next_ : head_) = w.next_;
    (w.next_ ? w.next_->prev_ : tail_) = w.prev_;
    size_--;
  }

  queued_wait* head_ = nullptr;
  queued_wait* tail_ = nullptr;
  std::size_t size_ = 0;
  std::size_t passed_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI::detail
