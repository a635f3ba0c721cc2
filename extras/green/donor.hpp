#pragma once
// Where fibers get glibc's thread control blocks: real threads give theirs away.
//
//   fiber* f = take_fiber(size_class); f->start = ...; make_ready(*f);
//
// A real thread is created on the fiber's stack; it saves its place and ends as a kernel thread.
// What is left is complete for glibc: on its lists, with its TLS block, keys and cancel state. The
// carrier then goes on from the saved place, as often as it likes: a fiber whose function has
// returned runs the destructors, gets fresh thread-locals and waits for the next.
// Known of glibc's private data: where a thread's number and its cancel state lie, which glibc
// itself publishes for debuggers. Threads: the carrier.

#include "green/fiber.hpp"

namespace kettle::inline KETTLE_ABI::green {

// Null, or why this machine or this libc cannot do it.
const char* donor_check() noexcept;
fiber* take_fiber(unsigned size_class) noexcept;  // null: no memory
void give_back(fiber& f) noexcept;                // it has ended and nobody will ask for its result
// For the thread that becomes a fiber as it is.
fiber* adopt_this_thread() noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
