#include "green/donor.hpp"

#include "green/fresh_tls.hpp"
#include "green/hook.hpp"
#include "green/lot.hpp"
#include "green/machine.hpp"
#include "green/memory.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/rseq.h>

extern "C" {
int __sigsetjmp(struct __jmp_buf_tag*, int) noexcept;
void __pthread_register_cancel(__pthread_unwind_buf_t*);
void __pthread_unregister_cancel(__pthread_unwind_buf_t*);
void __call_tls_dtors();
}

namespace kettle::inline KETTLE_ABI::green {

namespace {

libc_function<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)> next_create{
    "pthread_create"};
libc_function<void()> next_tls_destructors{"__call_tls_dtors"};

constexpr unsigned most_at_once = 16;       // kernel threads that give themselves away
constexpr std::int32_t first_id = 1 << 22;  // the kernel's numbers end below it
std::uint32_t tid_offset = 0;
std::uint32_t cancel_offset = 0;
std::int32_t last_id = first_id;
fiber* idle[size_classes];
fiber* unused = nullptr;  // fiber objects not yet made
std::uint32_t unused_left = 0;

template <class T> T& field(fiber& f, std::uint32_t offset) noexcept {
  return *reinterpret_cast<T*>(static_cast<char*>(f.control_block) + offset);
}

void* own_control_block() noexcept { return __builtin_thread_pointer(); }

// What glibc tells debuggers of a member of its thread: bits, number, offset.
bool find_offset(const char* name, std::uint32_t& offset) noexcept {
  auto* told = static_cast<std::uint32_t*>(::dlsym(RTLD_DEFAULT, name));
  if (!told || told[0] != 32) return false;
  offset = told[2];
  return offset < 4096;
}

fiber* make_object() noexcept {
  if (unused_left == 0) {
    constexpr std::uint32_t batch = 1024;
    unused = static_cast<fiber*>(take_pages(batch * sizeof(fiber)));
    if (!unused) return nullptr;
    unused_left = batch;
  }
  unused_left--;
  auto* f = ::new (static_cast<void*>(unused++)) fiber;
  f->older = here.newest;
  here.newest = f;
  return f;
}

void run_function(fiber& f) {
  __pthread_unwind_buf_t ends;
  // Where pthread_exit() and pthread_cancel() unwind to; glibc would end the kernel thread.
  if (__sigsetjmp(reinterpret_cast<struct __jmp_buf_tag*>(ends.__cancel_jmp_buf), 0)) {
    if (self && !self->said_exit) self->result = PTHREAD_CANCELED;
    return;
  }
  __pthread_register_cancel(&ends);
  f.result = f.start ? f.start(f.argument)
                     : reinterpret_cast<void*>(std::intptr_t(f.start_c11(f.argument)));
  __pthread_unregister_cancel(&ends);
}

void clean_up(fiber& f) {
  if (next_tls_destructors) next_tls_destructors();
  run_key_destructors();
  refresh_tls();
  self = &f;  // ours was refreshed with the rest
  field<int>(f, cancel_offset) = 0;
  f.name[0] = 0;
}

[[noreturn]] void* fiber_main(void* argument) {
  auto& f = *static_cast<fiber*>(argument);
  f.control_block = own_control_block();
  self = &f;
  sys::raw_call(SYS_set_robust_list, 0L, 24L);
  kettle_green_shed_thread(&f.stack_pointer, &f.id);
  for (;;) {
    here.busy = false;
    run_function(f);
    if (!self) std::exit(0);  // in the child of a fork: its only thread has ended
    clean_up(f);
    here.alive--;
    f.now = fiber::state::ended;
    lot_wake(&f, everybody);
    lot_wake(&here.alive, everybody);
    if (f.detached) give_back(f);
    leave();
  }
}

}  // namespace

void* find_next(const char* name, const char* version) noexcept {
  return version ? ::dlvsym(RTLD_NEXT, name, version) : ::dlsym(RTLD_NEXT, name);
}

void test_cancel() { ::pthread_testcancel(); }

const char* donor_check() noexcept {
  if (!find_offset("_thread_db_pthread_tid", tid_offset) ||
      !find_offset("_thread_db_pthread_cancelhandling", cancel_offset))
    return "this libc does not say where it keeps a thread's number";
  auto* number = static_cast<char*>(own_control_block()) + tid_offset;
  if (*reinterpret_cast<int*>(number) != sys::raw_gettid())
    return "this libc keeps a thread's number somewhere unknown";
  kettle_green_fast_fs = (::getauxval(AT_HWCAP2) & 2) != 0;
  return nullptr;
}

fiber* adopt_this_thread() noexcept {
  fiber* f = make_object();
  if (!f) return nullptr;
  f->control_block = own_control_block();
  f->id = sys::raw_gettid();
  f->now = fiber::state::running;
  self = f;
  here.alive++;
  return f;
}

// Creates the real thread on the fiber's stack; it gives itself away at once.
static fiber* begin_donor(unsigned size_class) noexcept {
  stack_memory s = take_stack(size_class);
  fiber* f = s.low ? make_object() : nullptr;
  if (!f) return nullptr;
  f->size_class = std::uint8_t(size_class);
  f->stack_low = s.low;
  f->stack_bytes = s.bytes;
  f->id = 1;  // until the kernel has let go of the thread
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstack(&attributes, s.low, s.bytes);
  pthread_t ignored;
  int failed = next_create(&ignored, &attributes, fiber_main, f);
  ::pthread_attr_destroy(&attributes);
  if (!failed) return f;
  f->stack_low = nullptr;  // never to be used: creation fails for good reasons only
  f->now = fiber::state::ended;
  return nullptr;
}

// Waits until the kernel thread is gone, and makes what is left a fiber's.
static void end_donor(fiber& f) noexcept {
  auto* alive = reinterpret_cast<atomic<int>*>(&f.id);
  while (alive->load(acquire) == 1)  // the kernel clears it when the thread is off the stack
    sys::raw_futex(alive, FUTEX_WAIT, 1);
  f.id = ++last_id;
  field<int>(f, tid_offset) = f.id;
  // The kernel keeps no processor number for it: sched_getcpu() then asks.
  auto* area = reinterpret_cast<struct rseq*>(static_cast<char*>(f.control_block) + __rseq_offset);
  area->cpu_id = std::uint32_t(RSEQ_CPU_ID_REGISTRATION_FAILED);
}

fiber* take_fiber(unsigned size_class) noexcept {
  if (fiber* f = idle[size_class]) {
    idle[size_class] = f->next;
    f->result = nullptr;
    f->said_exit = f->detached = f->joined = false;
    return f;
  }
  // Many are asked for at once, or few: the kernel threads of a batch come and go side by side.
  static unsigned batch = 1;
  fiber* made[most_at_once];
  unsigned n = 0;
  while (n < batch && (made[n] = begin_donor(size_class))) n++;
  batch = batch * 2 < most_at_once ? batch * 2 : most_at_once;
  for (unsigned i = 0; i < n; i++) end_donor(*made[i]);
  for (unsigned i = 1; i < n; i++) give_back(*made[i]);
  return n ? made[0] : nullptr;
}

void give_back(fiber& f) noexcept {
  f.now = fiber::state::idle;
  f.next = idle[f.size_class];
  idle[f.size_class] = &f;
}

}  // namespace kettle::inline KETTLE_ABI::green
