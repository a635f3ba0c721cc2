#pragma once
// A thread of the program, run as a fiber: what the scheduler knows of it.
//
//   if (self) ...          // this code runs in a fiber; null: on an ordinary kernel thread
//
// Each fiber has a thread control block of glibc's own, so `self`, being thread-local, is right by
// itself: no look-up, and a kernel thread that libc or a library started reads null.
// Lifetime: the memory of a fiber is never given back, only used again.
// Threads: all but `mail_next` and `claimed` belongs to the carrier, the kernel thread that runs
// them.

#include <kettle/base/atomic.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI::green {

using nanoseconds = std::int64_t;  // of CLOCK_MONOTONIC, when it is a moment
inline constexpr nanoseconds never = INT64_MAX;

// hopeless: nothing can ever end the wait, as far as kettle's loop can tell.
enum class wake : std::uint8_t { granted, timed_out, interrupted, hopeless };

struct fiber {
  enum class state : std::uint8_t { ready, running, parked, ended, idle };

  fiber* next = nullptr;  // in the ready line or in a list of idle ones
  void* stack_pointer = nullptr;
  void* control_block = nullptr;  // glibc's; what pthread_self() gives

  state now = state::idle;
  wake woken_by = wake::granted;
  bool interruptible = false;  // a signal or pthread_cancel() may end the present wait
  bool restart = false;        // the last signal that did has a handler with SA_RESTART
  bool detached = false;
  bool joined = false;     // somebody waits for it: a second join is an error
  bool said_exit = false;  // ended by pthread_exit(), whose value is in `result`
  std::uint8_t size_class = 0;
  std::uint32_t successes = 0;  // calls that did not need to wait, since it last did

  int waited_for = -1;  // the descriptor that it last waited for: a blocking one
  int drained = -1;     // a blocking one too, whose last recv() left nothing

  nanoseconds wakes_at = never;
  std::uint32_t timer_index = 0;  // place in the timer heap + 1; 0: in none

  fiber* mail_next = nullptr;
  bool mailed = false;  // the mail that another thread sent has come

  const char* waits_for = nullptr;  // the function it is parked in, for the report of a deadlock
  void* (*start)(void*) = nullptr;
  int (*start_c11)(void*) = nullptr;
  void* argument = nullptr;
  void* result = nullptr;
  char* stack_low = nullptr;  // above the guard
  std::size_t stack_bytes = 0;
  std::int32_t id = 0;  // what gettid() says; above every number the kernel gives
  char name[16] = {};

  fiber* older = nullptr;  // the one made before it: every fiber there ever was
};

// __thread, not thread_local: nothing to construct, and so nothing to ask before each use.
extern __thread fiber* self __attribute__((tls_model("initial-exec"), visibility("hidden")));

// Where `self` of another thread lies.
inline fiber*& self_of(void* control_block) noexcept {
  auto here = reinterpret_cast<char*>(__builtin_thread_pointer());
  return *reinterpret_cast<fiber**>(static_cast<char*>(control_block) +
                                    (reinterpret_cast<char*>(&self) - here));
}

}  // namespace kettle::inline KETTLE_ABI::green
