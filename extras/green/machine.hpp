#pragma once
// The few instructions that no language has: leaving one stack and control block for another.
//
//   switch_stack(&mine.stack_pointer, next.stack_pointer, next.control_block);
//
// Saved: the callee's registers, the floating-point control words and FS, the base of the control
// block. x86-64 only. Threads: the carrier.

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI::green {

extern "C" {
// Returns when somebody switches to what it has stored in *save.
void kettle_green_switch(void** save, void* stack_pointer, void* control_block);
// Stores the context in *save and ends the kernel thread under it; the kernel then clears *alive
// and wakes a futex there. Returns when somebody switches to it.
void kettle_green_shed_thread(void** save, int* alive);
// Whether the processor lets a program set FS by itself; otherwise each switch is a system call.
extern int kettle_green_fast_fs;
}

}  // namespace kettle::inline KETTLE_ABI::green
