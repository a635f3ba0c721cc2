#include "fibers/switch.hpp"

#include <cxxabi.h>

// The first frame of every execution: calls the entry that waits in the frame pointer's place, with
// the execution (the machine state is its first member). The undefined return address ends every
// unwinder's walk here.
#if defined(__x86_64__)
asm(R"(
  .pushsection .text
  .p2align 4
  .hidden kettle_v0_execution_start
  .globl kettle_v0_execution_start
  .type kettle_v0_execution_start, @function
kettle_v0_execution_start:
  .cfi_startproc
  .cfi_undefined rip
  endbr64
  movq %rsi, %rdi
  movq %rbp, %rax
  xorl %ebp, %ebp
  callq *%rax
  ud2
  .cfi_endproc
  .size kettle_v0_execution_start, . - kettle_v0_execution_start
  .popsection
)");
#else
asm(R"(
  .pushsection .text
  .p2align 4
  .hidden kettle_v0_execution_start
  .globl kettle_v0_execution_start
  .type kettle_v0_execution_start, %function
kettle_v0_execution_start:
  .cfi_startproc
  .cfi_undefined x30
  hint #36
  mov x0, x1
  mov x2, x29
  mov x29, xzr
  mov x30, xzr
  blr x2
  brk #1
  .cfi_endproc
  .size kettle_v0_execution_start, . - kettle_v0_execution_start
  .popsection
)");
#endif

extern "C" void kettle_v0_execution_start();

namespace kettle::inline KETTLE_ABI {

static_assert(offsetof(execution, machine) == 0,
              "the trampoline passes the machine state for the execution");
static_assert(sizeof(exceptions_in_flight) == 16);

exceptions_in_flight& exceptions_of_this_thread() noexcept {
  return *reinterpret_cast<exceptions_in_flight*>(abi::__cxa_get_globals());
}

void open_execution(execution& thread_stack) noexcept {
  sanitizer::this_thread(thread_stack.notes);
}

void prepare(execution& e, std::byte* bottom, std::byte* top, execution_entry entry) noexcept {
  auto aligned = reinterpret_cast<std::uintptr_t>(top) & ~std::uintptr_t(15);
  e.machine = {reinterpret_cast<void*>(aligned), reinterpret_cast<void*>(entry),
               reinterpret_cast<void*>(&kettle_v0_execution_start)};
  e.exceptions = {};
  e.notes = {};
  sanitizer::make_stack(e.notes, bottom, std::size_t(top - bottom));
}

}  // namespace kettle::inline KETTLE_ABI
