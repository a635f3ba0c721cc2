#pragma once
// A 4-ary heap of timers; each timer knows its place, so that it can be removed at once.
// Equal times leave in the order in which they came (their turn breaks ties).
//
//   h.promise();                       // may throw; from now on there is room for one more
//   h.push_promised(t, when);          // does not throw: one such timer a promise at a time
//   h.unpromise();

#include <kettle/core/timer.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kettle::inline KETTLE_ABI {

class timer_heap {
 public:
  bool empty() const noexcept { return heap_.empty(); }
  time_point next() const noexcept { return heap_.empty() ? never : heap_.front().when; }
  std::size_t size() const noexcept { return heap_.size(); }

  void push(timer& t, time_point when) {
    make_room();
    push_promised(t, when);
  }
  void promise() {
    make_room();
    promised_++;
  }
  void unpromise() noexcept { promised_--; }
  void push_promised(timer& t, time_point when) noexcept {
    t.turn_ = turn_++;
    heap_.push_back({when, &t});
    rise(std::uint32_t(heap_.size() - 1), heap_.back());
  }

  void remove(timer& t) noexcept {
    if (!t.armed()) return;
    std::uint32_t hole = t.index_;
    t.index_ = timer::unarmed;
    entry last = heap_.back();
    heap_.pop_back();
    if (hole == heap_.size()) return;
    if (hole > 0 && last < heap_[(hole - 1) / 4])
      rise(hole, last);
    else
      sink(hole, last);
  }

  timer* pop_due(time_point now) noexcept {
    if (heap_.empty() || heap_.front().when > now) return nullptr;
    timer* t = heap_.front().what;
    remove(*t);
    return t;
  }

 private:
  struct entry {
    time_point when;
    timer* what;
    bool operator<(const entry& o) const noexcept {
      return when != o.when ? when < o.when : std::int32_t(what->turn_ - o.what->turn_) < 0;
    }
  };

  // For one more, beside all that are promised. Those that are armed count twice: that wastes room,
  // and needs no look at which they are.
  void make_room() {
    std::size_t needed = heap_.size() + promised_ + 1;
    if (needed > heap_.capacity()) [[unlikely]]
      heap_.reserve(std::max(needed, 2 * heap_.capacity()));
  }

  void put(std::uint32_t at, const entry& e) noexcept {
    heap_[at] = e;
    e.what->index_ = at;
  }
  void rise(std::uint32_t at, entry e) noexcept {
    for (; at > 0 && e < heap_[(at - 1) / 4]; at = (at - 1) / 4) put(at, heap_[(at - 1) / 4]);
    put(at, e);
  }
  void sink(std::uint32_t at, entry e) noexcept {
    for (;;) {
      std::uint64_t first = 4ull * at + 1, last = std::min<std::uint64_t>(first + 4, heap_.size());
      if (first >= last) break;
      std::uint64_t least = first;
      for (std::uint64_t i = first + 1; i < last; i++)
        if (heap_[i] < heap_[least]) least = i;
      if (!(heap_[least] < e)) break;
      put(at, heap_[least]);
      at = std::uint32_t(least);
    }
    put(at, e);
  }

  std::vector<entry> heap_;
  std::size_t promised_ = 0;
  std::uint32_t turn_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI
