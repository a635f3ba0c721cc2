#pragma once
// What ASan and TSan must be told about stacks that are switched by hand; nothing at all in other
// builds.

#include <kettle/base/require.hpp>

#include "base/sanitized.hpp"

#include <cstddef>

#if KETTLE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if KETTLE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace kettle::inline KETTLE_ABI {

// The sanitizers' own notes about one stack.
struct sanitizer_notes {
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* thread = nullptr;  // TSan's
};

namespace sanitizer {

#if KETTLE_ASAN
inline thread_local sanitizer_notes* left_behind = nullptr;  // the stack this thread came from
#endif

// In line: TSan would note the return of a function it had entered on the other stack.
// `to` runs next; `ends`: the stack we leave is never returned to.
[[gnu::always_inline]] inline void before_switch([[maybe_unused]] sanitizer_notes& from,
                                                 [[maybe_unused]] sanitizer_notes& to,
                                                 [[maybe_unused]] bool ends) noexcept {
#if KETTLE_ASAN
  left_behind = &from;
  __sanitizer_start_switch_fiber(ends ? nullptr : &from.fake_stack, to.bottom, to.size);
#endif
#if KETTLE_TSAN
  __tsan_switch_to_fiber(to.thread, 0);
#endif
}

// On the new stack. The one left behind is told its bounds, which for a thread's own stack nobody
// else knows.
[[gnu::always_inline]] inline void after_switch([[maybe_unused]] sanitizer_notes& self) noexcept {
#if KETTLE_ASAN
  sanitizer_notes* previous = left_behind;
  __sanitizer_finish_switch_fiber(self.fake_stack, &previous->bottom, &previous->size);
#endif
}

inline void make_stack([[maybe_unused]] sanitizer_notes& notes, [[maybe_unused]] void* bottom,
                       [[maybe_unused]] std::size_t size) noexcept {
#if KETTLE_ASAN
  __asan_unpoison_memory_region(bottom,
                                size);  // its last fiber never returned from its outermost frames
  notes.bottom = bottom;
  notes.size = size;
#endif
#if KETTLE_TSAN
  notes.thread = __tsan_create_fiber(0);
#endif
}

// From another stack, once this one has ended.
inline void end_stack([[maybe_unused]] sanitizer_notes& notes) noexcept {
#if KETTLE_TSAN
  __tsan_destroy_fiber(notes.thread);
#endif
}

inline void this_thread([[maybe_unused]] sanitizer_notes& notes) noexcept {
#if KETTLE_TSAN
  notes.thread = __tsan_get_current_fiber();
#endif
}

}  // namespace sanitizer
}  // namespace kettle::inline KETTLE_ABI
