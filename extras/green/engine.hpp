#pragma once
// What the kernel is asked while no fiber can run: descriptors, and until when to sleep.
//
//   engine_watch(w); ... engine_wait(until); ... engine_forget(w);
//
// Two engines, chosen at the start: io_uring (one request per wait: to poll, or to receive from a
// socket that is known to be empty), and ppoll over all waits where io_uring is denied. Neither
// keeps anything about a descriptor between waits, and none changes its flags.
// Lifetime: a watch lives in the waiting fiber's frame until engine_forget() has returned.
// Threads: the carrier.

#include "green/fiber.hpp"

namespace kettle::inline KETTLE_ABI::green {

// What is received when there is something, instead of being told so.
struct receiving {
  void* data;
  std::uint32_t size;
  int flags;
  long result;  // once it is found: a raw one
};

struct watch {
  fiber* who = nullptr;
  receiving* into = nullptr;  // with io_uring only
  int fd = -1;
  short events = 0;
  short found = 0;  // what poll() would say; 0: nothing yet
  bool armed = false;
  bool withdrawn = false;
  std::uint32_t index = 0;  // of the poll engine
  watch* next_of_fd = nullptr;
  watch* before_of_fd = nullptr;
};

// 0, or an errno value: there is no engine at all.
int engine_start(bool allow_ring) noexcept;
const char* engine_name() noexcept;
bool engine_can_receive() noexcept;
void engine_watch(watch& w) noexcept;
void engine_forget(watch& w) noexcept;
bool engine_has_watches() noexcept;
// Sleeps until something is found, a mail comes or `until` is reached. False: a signal came.
bool engine_wait(nanoseconds until) noexcept;
void engine_look() noexcept;       // the same without sleeping
void engine_ring_bell() noexcept;  // ends the sleep; any thread
// Wakes whoever waits for a descriptor that is being closed.
void engine_closing(int fd) noexcept;

// What the engines share.
void watch_found(watch& w, int poll_result) noexcept;
nanoseconds monotonic_now() noexcept;

// io_uring, of engine_ring.cpp
int ring_start() noexcept;
void ring_watch(watch& w) noexcept;
void ring_forget(watch& w) noexcept;
bool ring_wait(nanoseconds until, int bell, bool& rang) noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
