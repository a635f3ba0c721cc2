#pragma once
// What every kettle coroutine frame begins with, and the trampoline that runs frames.
//
// No symmetric transfer: g++ makes it a tail call only when optimising, and at -O0 or under
// sanitizers a million ready awaits overflow the stack. Instead a child runs inside its parent's
// await_ready; completion leaves the continuation in tls.next; run_chain() takes it from there. A
// child that would nest too deep is not run in place: it is left in tls.next too, and the stack
// unwinds to run_chain first.

#include <kettle/base/freelist.hpp>
#include <kettle/core/context.hpp>

#include <coroutine>
#include <exception>
#include <source_location>

namespace kettle::inline KETTLE_ABI {

struct frame_base {
  frame_base() noexcept {
  }  // not an aggregate: parenthesised initialisation must not fill it from the arguments

  std::coroutine_handle<> continuation;  // the awaiting frame, once it has suspended
  std::source_location where;            // the line it awaits at
  std::exception_ptr error;

  // Both always in line: g++ 12 warns of a mismatched pair if only one is.
  [[gnu::always_inline]] static void* operator new(std::size_t size) {
    void* frame = allocate_block(size);
    if constexpr (is_checked_build) tls.newest_frame = {static_cast<char*>(frame), size};
    return frame;
  }
  [[gnu::always_inline]] static void operator delete(void* frame, std::size_t size) noexcept {
    free_block_of(frame, size);
  }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct final_awaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise> void await_suspend(std::coroutine_handle<Promise> h) noexcept {
      tls.next = h.promise().continuation;  // null when the parent is still below us on the stack
    }
    void await_resume() noexcept {}
  };
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  // The frame_base of any kettle frame, for walking a suspended chain outwards.
  static frame_base& of(std::coroutine_handle<> h) noexcept {
    return std::coroutine_handle<frame_base>::from_address(h.address()).promise();
  }
};

// Runs h and whatever its completion leaves to run, until the chain suspends or ends. May nest.
inline void run_chain(std::coroutine_handle<> h) noexcept {
  do {
    tls.next = nullptr;
    h.resume();
    h = tls.next;
  } while (h);
  tls.next = nullptr;
}

inline bool stack_is_deep() noexcept {
  return static_cast<char*>(__builtin_frame_address(0)) < tls.stack_low;
}

// Runs a coroutine on the current thread or fiber context until it is done, parking in between.
void drive(context& c, std::coroutine_handle<> h);

}  // namespace kettle::inline KETTLE_ABI
