#pragma once
// Everything the library keeps per OS thread, in one struct.
//
//   tls.current, tls.at, ...            // a read is one instruction: no constructor, no guard
//   at_thread_end(end);                 // end.run(end) when this thread ends, last come first
//
// One struct, because an explored build plays many threads on one: it exchanges this struct at each
// switch. A thread-local variable anywhere else would be shared between the threads it plays.

#include <kettle/base/require.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class context;
class home;

struct free_block {
  free_block* next;
};

// A thread's free blocks by size class, see freelist.hpp. Released by the thread's home.
struct freelist {
  // Classes are 8 off the multiples of 16: exactly what glibc's malloc hands out, so nothing is
  // lost to rounding.
  static constexpr std::size_t granule = 16, slack = 8, classes = 64, cap = 4096;
  static constexpr std::size_t class_of(std::size_t size) noexcept {
    return (size + slack - 1) / granule;
  }
  static constexpr std::size_t size_of(std::size_t c) noexcept { return c * granule + slack; }
  // How many blocks a class keeps at most: 256 KiB of them, so that a thread keeps 16 MiB.
  static constexpr std::uint32_t room_for(std::size_t c) noexcept {
    constexpr std::size_t bytes = std::size_t(256) << 10;
    std::size_t n = bytes / size_of(c);
    return std::uint32_t(n < cap ? n : cap);
  }
  free_block* head[classes];
  std::uint32_t room[classes];  // how many more blocks each class may keep; 0 until open_freelist()
};

// A coroutine frame; in checked builds, for nursery's check of what its children refer to.
struct frame_extent {
  const char* begin;
  std::size_t size;
};

// Something to be done when a thread ends. Belongs to the thread from at_thread_end() on.
struct thread_end {
  void (*run)(thread_end&) noexcept;  // after the destructors of all C++ objects of the thread
  void (*before)(thread_end&) noexcept = nullptr;  // when those begin, also those of an exit()
  thread_end* next = nullptr;
};

struct thread_state {
  context* current;              // null outside kettle
  home* at;                      // this thread's home, once it has one
  std::coroutine_handle<> next;  // the trampoline slot: whom run_chain resumes next
  char* stack_low;               // below this address a child is started from the trampoline
  std::int32_t budget;           // what is left of this turn, see budget.hpp
  frame_extent newest_frame;
  thread_end* ends;
  thread_end* left;  // the ends that it has left behind, which are never run
  home* former;      // the home that it was in the midst of when the process began to exit
  bool ending;       // the destructors of its C++ objects run or have run
  // Kept for rooms above, each of which knows its own type.
  void* worker;         // of worker_pool
  void* fiber_carrier;  // of fibers
  void* code_cache;     // of the processes' codec
  // Last, since an explored build, which has no free lists, leaves it out of the exchange.
  freelist blocks;
};

// Constant-initialised, no destructor: a read is one instruction.
[[gnu::tls_model("initial-exec")]] inline constinit thread_local thread_state tls{};

void at_thread_end(thread_end& e);
// For whoever ends a thread that only an explored build plays.
void run_thread_ends() noexcept;
// This thread begins anew: all it had stays where it is, alive and untouched. In a forked child,
// and when the process exits in the midst of it.
void leave_thread_state() noexcept;

// The process exits, or this thread ends: what an object of static storage is still waited for
// never happens, and is no fault.
bool exits_here() noexcept;
void process_exits() noexcept;  // says so for all threads

}  // namespace kettle::inline KETTLE_ABI
