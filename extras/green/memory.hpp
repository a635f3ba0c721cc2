#pragma once
// Memory from the kernel, for a runtime that must not call malloc, and the stacks of the fibers.
//
//   if (stack_memory s = take_stack(size_class_of(bytes)); s.low) ... s.low to s.low + s.bytes
//
// Stacks are cut from reservations and guarded by the page below; a fiber keeps its stack for ever,
// so there is no way to give one back. Guards: MADV_GUARD_INSTALL (Linux 6.13) costs no mapping;
// before that each costs one, of which a process has some 65 000.
// Threads: the carrier.

#include <kettle/base/require.hpp>

#include <cstddef>

namespace kettle::inline KETTLE_ABI::green {

struct stack_memory {
  char* low = nullptr;
  std::size_t bytes = 0;
};

inline constexpr std::size_t stack_stride = 256 * 1024;  // of class 0; each class doubles it
inline constexpr unsigned size_classes = 16;

void* take_pages(std::size_t bytes) noexcept;                               // null: there are none
void* grow_pages(void* old, std::size_t bytes, std::size_t more) noexcept;  // moves what is there
unsigned size_class_of(std::size_t stack_bytes) noexcept;  // size_classes: too large for any
stack_memory take_stack(unsigned size_class) noexcept;
// A guard below `s` is there and traps.
bool is_guarded(stack_memory s) noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
