#pragma once
// The memory of kettle's nodes and coroutine frames during an exploration. In one schedule no
// address is given out twice, so that what was freed stays recognisable; the next schedule begins
// at the same address again, so that runs do not differ by addresses.

#include "base/sanitized.hpp"
#include "sys/pages.hpp"

#include <cstddef>
#include <cstring>
#include <new>

#if KETTLE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace kettle::inline KETTLE_ABI::testing::detail {

class arena {
 public:
  arena() : base_(sys::reserve_pages(size)) {
    if (!base_) throw std::bad_alloc();
  }
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  ~arena() { sys::release_pages(base_, size); }

  void clear() noexcept { used_ = living_ = 0; }
  std::size_t living() const noexcept { return living_; }  // blocks not yet given back
  bool holds(const void* p) const noexcept {
    auto* at = static_cast<const std::byte*>(p);
    return at >= base_ && at < base_ + size;
  }
  void* take(std::size_t bytes) {
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
  void give(void* block, std::size_t bytes) noexcept {
    living_--;
    std::memset(block, 0xdd, bytes);  // whoever uses it now meets nonsense
#if KETTLE_ASAN
    __asan_poison_memory_region(block, bytes);
#endif
  }

 private:
  static constexpr std::size_t size = std::size_t(256) << 20;  // of addresses
  static constexpr std::size_t gap = 16;
  std::byte* base_;
  std::size_t used_ = 0, living_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI::testing::detail
