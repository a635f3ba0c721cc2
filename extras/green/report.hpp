#pragma once
// What the runtime says, on standard error and without libc: it may speak while malloc is locked.
//
//   say("io_uring is denied; using poll");
//
// Threads: any; async-signal-safe.

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI::green {

// "kettle green: TEXT\n", one write.
void say(const char* text) noexcept;
void say(const char* text, const char* more) noexcept;
// Once per standstill: every fiber is parked and nothing can wake one, but for a signal.
void report_deadlock() noexcept;
// Names the fiber whose stack has overflowed; then the signal takes its old course.
void watch_for_overflow() noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
