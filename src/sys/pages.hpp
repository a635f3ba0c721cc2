#pragma once
// Address space for stacks: reserve much, use little, give back at once.
//
//   std::byte* slab = sys::reserve_pages(16 << 30);  // null: there is no address space left
//   sys::guard_pages(slab, 4096, true);              // any access traps from now on
//   sys::discard_pages(slab + 4096, 8192);           // gives the memory back; reads give zeros
//   sys::release_pages(slab, 16 << 30);
//
// All functions are thread-safe. None throws: what a kernel lacks is told by the result.

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI::sys {

std::size_t page_bytes() noexcept;

// Private, zeroed, read-write, never backed by huge pages (one touched byte would cost 2 MiB), not
// counted against the commit limit where the kernel allows that. Null when refused.
std::byte* reserve_pages(std::size_t bytes) noexcept;
void release_pages(std::byte* at, std::size_t bytes) noexcept;

enum class guard_kind : std::uint8_t {
  light,    // MADV_GUARD_INSTALL, kernel 6.13: a page-table entry, no mapping of its own
  mapping,  // mprotect: splits the mapping; the kernel allows about 32 000 of them
  none,     // refused
};
// Makes [at, at + bytes) trap. Uses `mapping` only where allowed to.
guard_kind guard_pages(std::byte* at, std::size_t bytes, bool mapping_allowed) noexcept;
bool has_light_guards() noexcept;

void discard_pages(std::byte* at, std::size_t bytes) noexcept;

}  // namespace kettle::inline KETTLE_ABI::sys
