#include "sys/pages.hpp"

#include <kettle/base/atomic.hpp>

#include <sys/mman.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

constexpr int madv_guard_install = 102;  // Debian 12's headers are older than it

// What the first call found out; relaxed, because every thread would find the same.
atomic<bool> light_guards_refused{false};

}  // namespace

std::size_t page_bytes() noexcept {
  static const auto bytes = std::size_t(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::byte* reserve_pages(std::size_t bytes) noexcept {
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  ::madvise(at, bytes, MADV_NOHUGEPAGE);  // a kernel without huge pages refuses it, rightly
  return static_cast<std::byte*>(at);
}

void release_pages(std::byte* at, std::size_t bytes) noexcept { ::munmap(at, bytes); }

guard_kind guard_pages(std::byte* at, std::size_t bytes, bool mapping_allowed) noexcept {
  if (!light_guards_refused.load(relaxed)) {
    if (::madvise(at, bytes, madv_guard_install) == 0) return guard_kind::light;
    light_guards_refused.store(true, relaxed);
  }
  if (mapping_allowed && ::mprotect(at, bytes, PROT_NONE) == 0) return guard_kind::mapping;
  return guard_kind::none;
}

bool has_light_guards() noexcept {
  std::byte* page = reserve_pages(page_bytes());
  if (!page) return false;
  bool light = guard_pages(page, page_bytes(), false) == guard_kind::light;
  release_pages(page, page_bytes());
  return light;
}

void discard_pages(std::byte* at, std::size_t bytes) noexcept {
  ::madvise(at, bytes, MADV_DONTNEED);
}

}  // namespace kettle::inline KETTLE_ABI::sys
