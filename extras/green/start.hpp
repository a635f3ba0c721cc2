#pragma once
// When threads become fibers, and when they do not.
//
// Asked for by KETTLE_GREEN=on, or by this library's name in LD_PRELOAD; KETTLE_GREEN=off refuses.
// It begins with the first thread the main thread creates: a program that makes none pays nothing.
// What the machine lacks is said once on standard error, and threads stay threads.
// In the child of a fork everything is plain again: one thread, the calling one.

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI::green {

bool begin_fibers() noexcept;  // whether they run; the first call starts and tests them
unsigned default_size_class() noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
