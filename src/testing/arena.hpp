#pragma once
// The memory of kettle's nodes and coroutine frames during an exploration. In one schedule no
// address is given out twice, so that what was freed stays recognisable; the next schedule begins
// at the same address again, so that runs do not differ by addresses.
//
// All arenas lie in one range, so that a block which outlives its schedule, or its exploration, is
// still known for one of ours when it is freed: then nothing is done.

#include "base/sanitized.hpp"

#include <kettle/base/require.hpp>

#include <cstddef>

#if KETTLE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace kettle::inline KETTLE_ABI::testing::detail {

class arena {
 public:
  arena();  // bad_alloc: there is no room for another one
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  ~arena();

  static bool is_of_one(const void* block) noexcept;

  void clear() noexcept { used_ = living_ = 0; }
  std::size_t living() const noexcept { return living_; }  // blocks not yet given back
  bool holds(const void* p) const noexcept {
    auto* at = static_cast<const std::byte*>(p);
    return at >= base_ && at < base_ + used_;
  }
  void* take(std::size_t bytes);
  void give(void* block, std::size_t bytes) noexcept;

 private:
  static constexpr std::size_t size = std::size_t(256) << 20, most = 64;  // of addresses; at once
  static constexpr std::size_t gap = 16;
  struct range;
  static range& all();

  std::byte* base_;
  std::size_t used_ = 0, living_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI::testing::detail
