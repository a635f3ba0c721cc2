#pragma once
// Memory for coroutine frames and child nodes: a free list per thread and size class (up to 1 KiB).
//
// A block may be freed on another thread than it came from: it then joins that thread's list. Lists
// are capped, larger blocks go to operator new. Under ASan and TSan every block does, so that they
// see each use.

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>
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

struct free_block {
  free_block* next;
};

// Constant-initialised and trivially destructible: reading it needs no guard. What it holds at the
// thread's end is released by the thread's home.
struct freelist {
  // Classes are 8 off the multiples of 16: exactly what glibc's malloc hands out, so nothing is
  // lost to rounding.
  static constexpr std::size_t granule = 16, slack = 8, classes = 64, cap = 4096;
  static constexpr std::size_t class_of(std::size_t size) noexcept {
    return (size + slack - 1) / granule;
  }
  static constexpr std::size_t size_of(std::size_t c) noexcept { return c * granule + slack; }
  free_block* head[classes];
  std::uint32_t room[classes];  // how many more blocks each class may keep; 0 until open_freelist()
};

[[gnu::tls_model("initial-exec")]] inline constinit thread_local freelist free_blocks{};

[[gnu::always_inline]] inline void* take_block(std::size_t size) {
#if !KETTLE_SANITIZED
  if (std::size_t c = freelist::class_of(size); c < freelist::classes) {
    freelist& list = free_blocks;
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
#if !KETTLE_SANITIZED
  if (std::size_t c = freelist::class_of(size); c < freelist::classes) {
    freelist& list = free_blocks;
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
