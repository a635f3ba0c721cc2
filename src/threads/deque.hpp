#pragma once
// A double-ended queue of pointers: its owner pushes and pops at one end, thieves steal from the
// other.
//
//   stealing_deque<job> d;
//   d.push(&j);  job* mine = d.pop();  // the owner thread only; newest first
//   job* theirs = d.steal();           // any thread; oldest first; null: empty, or another thief
//                                      // was faster
//
// Algorithm: D. Chase, Y. Lev, "Dynamic circular work-stealing deque" (SPAA 2005), with operations
// in place of the fences of N. M. Lê et al. (PPoPP 2013): clang lowers a seq_cst fence to mfence,
// and neither TSan nor an explorer understands fences.
//
// Memory order. A thief takes place t by the compare-exchange of top_; the owner takes the last one
// the same way. The one critical pattern is store-then-load on both sides: pop() lowers bottom_ and
// then reads top_, steal() reads top_ and then bottom_. Both pairs are seq_cst, so at least one
// side sees the other. All else:
//   push's store of bottom_: release, so a thief that sees it sees the slot and what it points to.
//   slots: relaxed; bottom_ and buffer_ order them. A slot that is overwritten under a slow thief
//     makes its compare-exchange fail, because top_ has moved on.
//   buffer_: release / acquire; old buffers live until the deque dies, so a slow thief reads valid
//     memory.

#include <kettle/base/atomic.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kettle::inline KETTLE_ABI {

template <class T> class stealing_deque {
 public:
  stealing_deque() {
    buffers_.push_back(std::make_unique<buffer>(64));
    buffer_.store(buffers_.back().get(), relaxed);
  }
  stealing_deque(const stealing_deque&) = delete;
  stealing_deque& operator=(const stealing_deque&) = delete;

  void push(T* item) {
    std::int64_t b = bottom_.load(relaxed);  // only we write it
    std::int64_t t = top_.load(acquire);     // not older than what a thief's success told us
    buffer* slots = buffer_.load(relaxed);
    if (b - t > slots->mask) slots = grow(*slots, t, b);
    slots->put(b, item);
    bottom_.store(b + 1, release);
  }

  T* pop() noexcept {
    std::int64_t b = bottom_.load(relaxed) - 1;
    if (b < top_.load(relaxed))
      return nullptr;  // empty: top_ never exceeds what thieves have really taken
    buffer* slots = buffer_.load(relaxed);
    bottom_.store(b, seq_cst);
    std::int64_t t = top_.load(seq_cst);
    if (t > b) {  // a thief took the last one meanwhile
      bottom_.store(b + 1, relaxed);
      return nullptr;
    }
    T* item = slots->get(b);
    if (t == b) {  // the last one: race the thieves for it
      if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) item = nullptr;
      bottom_.store(b + 1, relaxed);
    }
    return item;
  }

  T* steal() noexcept {
    std::int64_t t = top_.load(seq_cst);
    std::int64_t b = bottom_.load(seq_cst);
    if (t >= b) return nullptr;
    T* item = buffer_.load(acquire)->get(t);
    if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) return nullptr;
    return item;
  }

  // A hint for everybody but the owner.
  bool empty() const noexcept { return top_.load(acquire) >= bottom_.load(acquire); }

 private:
  struct buffer {
    explicit buffer(std::size_t capacity)
        : mask(std::int64_t(capacity) - 1), slots(new atomic<T*>[capacity]) {}
    T* get(std::int64_t i) const noexcept { return slots[std::size_t(i & mask)].load(relaxed); }
    void put(std::int64_t i, T* item) noexcept {
      slots[std::size_t(i & mask)].store(item, relaxed);
    }
    std::int64_t mask;
    std::unique_ptr<atomic<T*>[]> slots;
  };

  buffer* grow(const buffer& old, std::int64_t t, std::int64_t b) {
    buffers_.push_back(std::make_unique<buffer>(2 * (std::size_t(old.mask) + 1)));
    buffer* larger = buffers_.back().get();
    for (std::int64_t i = t; i < b; i++) larger->put(i, old.get(i));
    buffer_.store(larger, release);
    return larger;
  }

  // Thieves write top_, the owner writes bottom_: apart, or each push would cost a cache miss.
  alignas(64) atomic<std::int64_t> top_{0};
  alignas(64) atomic<std::int64_t> bottom_{0};
  atomic<buffer*> buffer_{nullptr};
  std::vector<std::unique_ptr<buffer>> buffers_;  // the owner's
};

}  // namespace kettle::inline KETTLE_ABI
