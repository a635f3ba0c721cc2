#pragma once
// Memory for coroutine frames and child nodes: a free list per thread and size class (up to 1 KiB).
//
// A block may be freed on another thread than it came from: it then joins that thread's list. Lists
// are capped, larger blocks go to operator new. Under ASan and TSan every block does, so that they
// see each use.

#include <kettle/base/seam.hpp>
#include <kettle/base/thread_state.hpp>

#include <cstddef>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KETTLE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KETTLE_SANITIZED 1
#endif
#endif
#ifndef KETTLE_SANITIZED
#define KETTLE_SANITIZED 0
#endif

namespace kettle::inline KETTLE_ABI {

// Builds without optimisation or under a sanitizer look for mistakes that cost time to find.
// Not with clang, which cannot tell an object's padding from its value.
#if (defined(__OPTIMIZE__) && !KETTLE_SANITIZED) || defined(__clang__)
constexpr bool is_checked_build = false;
#else
constexpr bool is_checked_build = true;
#endif

[[gnu::always_inline]] inline void* take_block(std::size_t size) {
  if constexpr (explored_build) return detail::seam::take_block(size);
#if !KETTLE_SANITIZED
  if (std::size_t c = freelist::class_of(size); c < freelist::classes) {
    freelist& list = tls.blocks;
    if (free_block* b = list.head[c]) [[likely]] {
      list.head[c] = b->next;
      list.room[c]++;
      return b;
    }
    return ::operator new(freelist::size_of(c));
  }
#endif
  return ::operator new(size);
}

[[gnu::always_inline]] inline void* allocate_block(std::size_t size) {
  void* block = take_block(size);
  if constexpr (is_checked_build) __builtin_memset(block, 0, size);
  return block;
}

[[gnu::always_inline]] inline void free_block_of(void* block, std::size_t size) noexcept {
  if constexpr (explored_build) return detail::seam::give_block(block, size);
#if !KETTLE_SANITIZED
  if (std::size_t c = freelist::class_of(size); c < freelist::classes) {
    freelist& list = tls.blocks;
    if (list.room[c]) [[likely]] {
      list.room[c]--;
      list.head[c] = ::new (block) free_block{list.head[c]};
      return;
    }
    ::operator delete(block, freelist::size_of(c));
    return;
  }
#endif
  ::operator delete(block, size);
}

void open_freelist() noexcept;   // the thread may keep blocks from now on
void close_freelist() noexcept;  // gives back what it kept

}  // namespace kettle::inline KETTLE_ABI
