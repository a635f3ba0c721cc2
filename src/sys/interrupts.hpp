#pragma once
// A thread whose blocking system calls another one may end with EINTR.
//
//   sys::interruptible here;              // on that thread, for a while
//   sys::interrupt_thread(t);             // on another one, meanwhile
//
// The signal is one that is ignored by default. While some thread is interruptible it has a handler
// of ours, which calls the program's own if there is one (Go's runtime has); with the last one the
// program's action comes back.
// Threads: an object belongs to its thread. Whoever interrupts has stopped before it goes.

#include "sys/thread.hpp"

namespace kettle::inline KETTLE_ABI::sys {

class interruptible {
 public:
  interruptible() noexcept;
  ~interruptible();
  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;

 private:
  bool was_blocked_ = false;
};

}  // namespace kettle::inline KETTLE_ABI::sys
