#pragma once
// Leaving one stack for another.
//
//   execution me, other;
//   open_execution(me);                                  // this thread's own stack
//   prepare(other, stack.bottom(), stack.top(), entry);  // entry(other) runs at the first switch
//   switch_to(me, other);                                // returns when somebody switches to `me`
//
// The switch is inline assembly that stores three registers and names all others as clobbered: the
// compiler saves only what is alive, and the jump at its end does not upset the processor's return
// stack as a `ret` to another call site does (measured: 1 to 3 ns, against 9 ns for the classic six
// pushes and a ret). The 16 bytes in which the C++ runtime keeps the exceptions in flight are
// swapped too, so a fiber may park inside a catch block. thread_local variables belong to the
// carrier thread; an execution never changes threads. The rounding mode and other control words are
// not saved: a fiber that changes them restores them before it waits.
//
// Threads: an execution and all it switches with live on one thread.

#include "fibers/sanitizer.hpp"

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

struct machine_state {
  void* stack_pointer;
  void* frame_pointer;  // before the first switch: the function that the trampoline calls
  void* resume_at;
};

// Laid out as the runtime does (Itanium C++ ABI 2.2.2, __cxa_eh_globals).
struct [[gnu::may_alias]] exceptions_in_flight {
  void* caught = nullptr;
  std::uint32_t uncaught = 0;
};

struct execution {
  machine_state machine{};
  exceptions_in_flight exceptions;
  sanitizer_notes notes;
};

// The runtime's own record for this thread; found once per thread and kept by the caller.
exceptions_in_flight& exceptions_of_this_thread() noexcept;

// Calls sanitizer::after_switch(self.notes) first, never returns, and leaves by a switch_to that
// `ends`.
using execution_entry = void (*)(execution& self) noexcept;

void open_execution(execution& thread_stack) noexcept;
void prepare(execution& e, std::byte* bottom, std::byte* top, execution_entry entry) noexcept;

#if defined(__x86_64__)

[[gnu::always_inline]] inline void switch_machine(machine_state* from, machine_state* to) noexcept {
  // Nothing is pushed: the 128 bytes below the stack pointer may be in use (red zone). The target
  // reads `to` from rsi, the first time in the trampoline. endbr64 is a no-op but for indirect
  // branch tracking.
  asm volatile(
      "leaq 1f(%%rip), %%rax\n\t"
      "movq %%rsp, 0(%%rdi)\n\t"
      "movq %%rbp, 8(%%rdi)\n\t"
      "movq %%rax, 16(%%rdi)\n\t"
      "movq 0(%%rsi), %%rsp\n\t"
      "movq 8(%%rsi), %%rbp\n\t"
      "jmpq *16(%%rsi)\n\t"
      "1: endbr64\n\t"
      : "+D"(from), "+S"(to)
      :
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
        "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#ifdef __AVX512F__
        ,
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5",
        "k6", "k7"
#endif
  );
}

#elif defined(__aarch64__)

[[gnu::always_inline]] inline void switch_machine(machine_state* from, machine_state* to) noexcept {
  // The target reads `to` from x1, the first time in the trampoline. x18 is the platform's.
  register machine_state* out asm("x0") = from;
  register machine_state* in asm("x1") = to;
  asm volatile(
      "adr x3, 1f\n\t"
      "mov x2, sp\n\t"
      "stp x2, x29, [x0]\n\t"
      "str x3, [x0, #16]\n\t"
      "ldp x2, x29, [x1]\n\t"
      "ldr x3, [x1, #16]\n\t"
      "mov sp, x2\n\t"
      "br x3\n\t"
      "1: hint #36\n\t"  // bti j
      : "+r"(out), "+r"(in)
      :
      : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
        "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30",
        "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
        "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
        "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

#else
#error "kettle's fibers know x86-64 and aarch64"
#endif

// `in_flight` is exceptions_of_this_thread(). `ends`: `from` is never returned to.
[[gnu::always_inline]] inline void switch_to(execution& from, execution& to,
                                             exceptions_in_flight& in_flight,
                                             bool ends = false) noexcept {
  from.exceptions = in_flight;
  in_flight = to.exceptions;
  sanitizer::before_switch(from.notes, to.notes, ends);
  switch_machine(&from.machine, &to.machine);
  sanitizer::after_switch(from.notes);
}

}  // namespace kettle::inline KETTLE_ABI
