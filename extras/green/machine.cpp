#include "green/machine.hpp"

extern "C" {
[[gnu::visibility("hidden")]] int kettle_green_fast_fs = 0;
}

asm(R"(
  .macro save_context         # and its place in *%rdi
  .cfi_undefined rip
  endbr64
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  .endm

  .pushsection .text
  .p2align 4
  .hidden kettle_green_switch
  .globl kettle_green_switch
  .type kettle_green_switch, @function
kettle_green_switch:
  .cfi_startproc
  save_context
  movq %rsi, %rsp
  cmpl $0, kettle_green_fast_fs(%rip)
  je 1f
  wrfsbase %rdx
  jmp 2f
1:
  movl $158, %eax             # arch_prctl
  movl $0x1002, %edi          # ARCH_SET_FS
  movq %rdx, %rsi
  syscall
2:
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
  .size kettle_green_switch, . - kettle_green_switch

  .p2align 4
  .hidden kettle_green_shed_thread
  .globl kettle_green_shed_thread
  .type kettle_green_shed_thread, @function
kettle_green_shed_thread:
  .cfi_startproc
  save_context
  movq %rsi, %rdi             # from here on nothing touches the stack
  movl $218, %eax             # set_tid_address
  syscall
  xorl %edi, %edi
  movl $60, %eax              # exit
  syscall
  ud2
  .cfi_endproc
  .size kettle_green_shed_thread, . - kettle_green_shed_thread
  .popsection
  .purgem save_context
)");
