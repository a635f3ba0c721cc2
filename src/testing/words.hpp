#pragma once
// What the explorer knows of each word of memory that threads meet in: whether it still lives,
// whether it is a lock that is held, what was published through it.
//
// A hash table by address, emptied in one step for the next schedule.

#include "testing/clocks.hpp"

#include <kettle/base/seam.hpp>

#include <cstdint>
#include <deque>
#include <vector>

namespace kettle::inline KETTLE_ABI::testing::detail {

using where = kettle::detail::seam::where;

struct word {
  const void* address = nullptr;
  std::uint32_t schedule = 0;  // it is of an older one: it is free
  bool dead = false;           // its object was destroyed
  std::int8_t holder = -1;     // of a lock
  vector_clock* published = nullptr;
  where since;  // locked, or destroyed, there
};

class word_table {
 public:
  word_table() : slots_(1024) {}

  void clear() noexcept {
    if (++schedule_ == 0) slots_.assign(slots_.size(), word{}), schedule_ = 1;
    used_ = clocks_used_ = 0;
  }
  std::uint32_t schedule() const noexcept { return schedule_; }
  word* find(const void* address) noexcept {
    word& w = slots_[place(address)];
    return w.schedule == schedule_ ? &w : nullptr;
  }
  word& get(const void* address) {
    word* w = &slots_[place(address)];
    if (w->schedule == schedule_) return *w;
    if (2 * ++used_ > slots_.size()) {
      grow();
      w = &slots_[place(address)];
    }
    *w = {};
    w->address = address;
    w->schedule = schedule_;
    return *w;
  }
  vector_clock& clock_of(word& w) {
    if (w.published) return *w.published;
    if (clocks_used_ == clocks_.size()) clocks_.emplace_back();
    w.published = &clocks_[clocks_used_++];
    *w.published = {};
    return *w.published;
  }

 private:
  std::size_t place(const void* address) const noexcept {
    std::uint64_t key = std::uint64_t(reinterpret_cast<std::uintptr_t>(address));
    std::size_t i = std::size_t(key * 0x9E3779B97F4A7C15u >> 32) & (slots_.size() - 1);
    while (slots_[i].schedule == schedule_ && slots_[i].address != address)
      i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void grow() {
    std::vector<word> old(2 * slots_.size());
    old.swap(slots_);
    for (const word& w : old)
      if (w.schedule == schedule_) slots_[place(w.address)] = w;
  }

  std::vector<word> slots_;
  std::uint32_t schedule_ = 1;
  std::size_t used_ = 0, clocks_used_ = 0;
  std::deque<vector_clock> clocks_;  // never moved: words point into it
};

}  // namespace kettle::inline KETTLE_ABI::testing::detail
