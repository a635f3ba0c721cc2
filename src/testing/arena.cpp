#include "testing/arena.hpp"

#include "sys/pages.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

namespace kettle::inline KETTLE_ABI::testing::detail {

struct arena::range {
  std::mutex lock;
  std::byte* base = sys::reserve_pages(most * size);
  bool taken[most] = {};
};

arena::range& arena::all() {
  static range* made = new range;  // blocks may be freed when statics have gone
  return *made;
}

arena::arena() {
  range& r = all();
  std::lock_guard hold(r.lock);
  bool* slot = std::find(r.taken, r.taken + most, false);
  if (!r.base || slot == r.taken + most) throw std::bad_alloc();
  *slot = true;
  base_ = r.base + std::size_t(slot - r.taken) * size;
}

arena::~arena() {
  sys::discard_pages(base_, size);
  range& r = all();
  std::lock_guard hold(r.lock);
  r.taken[std::size_t(base_ - r.base) / size] = false;
}

bool arena::is_of_one(const void* block) noexcept {
  auto* at = static_cast<const std::byte*>(block);
  const range& r = all();
  return r.base && at >= r.base && at < r.base + most * size;
}

void* arena::take(std::size_t bytes) {
  std::size_t room = (bytes + 15) / 16 * 16 + gap;
  if (size - used_ < room) throw std::bad_alloc();
  void* block = base_ + used_;
  used_ += room;
  living_++;
#if KETTLE_ASAN
  __asan_unpoison_memory_region(block, bytes);
#endif
  return block;
}

void arena::give(void* block, std::size_t bytes) noexcept {
  if (living_ > 0) living_--;
  std::memset(block, 0xdd, bytes);  // whoever uses it now meets nonsense
#if KETTLE_ASAN
  __asan_poison_memory_region(block, bytes);
#endif
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
