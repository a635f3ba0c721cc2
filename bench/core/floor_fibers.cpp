// The floor of stackful fibers: a switch that saves what the compiler says is live, a FIFO, stacks
// from one region. No errors, no cancellation, no guard pages, no names. x86-64 only.
//
//   floor_fibers yield|join|memory
#include "measure.hpp"

#include <sys/mman.h>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#if !defined(__x86_64__)
int main() {
  std::fputs("the floor's switch is written for x86-64\n", stderr);
  return 1;
}
#else

// External linkage on purpose: the compilers reason about who changes a static variable, and a
// fiber that runs while park() is on the stack is not among them.
namespace minimal {

// An odd number of pages: the tops then spread over the sets of the address translation cache too.
constexpr std::size_t stride = 5 * 4096;

struct fiber {
  void* stack_pointer;
  void* frame_pointer;
  void* resume_at;
  fiber* next;
  void (*body)(long);
  long argument;
};

fiber main_fiber;
fiber* running = &main_fiber;
fiber* head;
fiber** tail = &head;
fiber* free_fibers;
std::byte* region;
std::size_t region_used;

void ready(fiber* f) {
  f->next = nullptr;
  *tail = f;
  tail = &f->next;
}

fiber* take() {
  fiber* f = head;
  head = f->next;
  if (!head) tail = &head;
  __builtin_prefetch(head);
  return f;
}

// Everything but the stack and frame pointers is said to be clobbered, so the compiler saves only
// what is live here; the target comes back at its own label. Nothing is pushed: the 128 bytes below
// the stack pointer may be in use.
[[gnu::always_inline]] inline void switch_to(fiber* to) {
  fiber* from = running;
  running = to;
  asm volatile(
      "leaq 1f(%%rip), %%rdx\n\t"
      "movq %%rsp, 0(%%rax)\n\t"
      "movq %%rbp, 8(%%rax)\n\t"
      "movq %%rdx, 16(%%rax)\n\t"
      "movq 0(%%rcx), %%rsp\n\t"
      "movq 8(%%rcx), %%rbp\n\t"
      "jmpq *16(%%rcx)\n"
      "1:\n\t"
      : "+a"(from), "+c"(to)
      :
      : "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
        "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

[[gnu::noinline]] void park() { switch_to(take()); }

void yield() {
  ready(running);
  park();
}

// A fiber that has ended goes back on the freelist and starts anew there with its next body.
[[noreturn]] void entry() {
  for (;;) {
    running->body(running->argument);
    running->next = free_fibers;
    free_fibers = running;
    fiber* to = take();
    switch_to(to);
  }
}

fiber* start(void (*body)(long), long argument) {
  fiber* f = free_fibers;
  if (f) {
    free_fibers = f->next;
  } else {
    // Each stack begins on other cache lines of its page, or all would compete for the same sets.
    const std::size_t colour = 64 * (5 * region_used % 52);
    std::byte* top = region + stride * ++region_used - colour;
    f = reinterpret_cast<fiber*>(top - 64);
    f->stack_pointer = top - 64 - 8;  // as after a call
    f->resume_at = reinterpret_cast<void*>(&entry);
  }
  f->body = body;
  f->argument = argument;
  ready(f);
  return f;
}

long left;

void yielding(long times) {
  for (long i = 0; i < times; i++) yield();
  left--;
}

void ending(long) { left--; }

void sleeping(long) {
  left--;
  park();
}

double yield_each(long fibers, long times) {
  left = fibers;
  for (long i = 0; i < fibers; i++) start(yielding, times);
  const double begin = bench::seconds_now();
  while (left) yield();
  return (bench::seconds_now() - begin) / static_cast<double>(fibers * times) * 1e9;
}

void join_each(long n) {
  for (long i = 0; i < n; i++) {
    left = 1;
    start(ending, 0);
    while (left) yield();
  }
}

double memory_each(long fibers) {
  const double before = bench::resident_bytes();
  left = fibers;
  for (long i = 0; i < fibers; i++) start(sleeping, 0);
  while (left) yield();
  return (bench::resident_bytes() - before) / static_cast<double>(fibers) / 1024;
}

}  // namespace minimal

using namespace minimal;

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "yield";
  region = static_cast<std::byte*>(mmap(nullptr, stride * 110'000, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (region == MAP_FAILED) return 1;
  if (std::strcmp(what, "yield") == 0) {
    yield_each(1000, 100);
    bench::report("", yield_each(1000, 20'000), "ns");
  } else if (std::strcmp(what, "join") == 0) {
    bench::report("", bench::nanoseconds_each(10'000'000, join_each), "ns");
  } else {
    bench::report("", memory_each(100'000), "KiB");
  }
  std::_Exit(0);  // the sleeping ones never end
}
#endif
