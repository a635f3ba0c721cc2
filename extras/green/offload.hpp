#pragma once
// What only libc can do, and only by waiting: a kernel thread waits for it, and the fiber parks.
//
//   int r = offload("getaddrinfo", [&] { return next_getaddrinfo(host, port, hints, found); });
//   int r = elsewhere(next_getaddrinfo, host, port, hints, found);   // the same, on any thread
//
// errno and h_errno come back with the result. The threads are real, at most a few at once, stay
// for the next job and run with all signals blocked; what the call takes over of libc runs plainly
// there.
// Cancellation: none; the fiber goes on when the call has returned. Threads: fibers.

#include "green/hook.hpp"
#include "green/host.hpp"

#include <cerrno>
#include <utility>

#include <netdb.h>

namespace kettle::inline KETTLE_ABI::green {

struct job {
  void (*run)(void*) = nullptr;
  void* argument = nullptr;
  fiber* who = nullptr;  // null: a loop's fiber, which waits for the bell
  int bell = -1;
  job* next = nullptr;
};

inline constexpr int most_workers = 64;

// Parks until a worker has run it; runs it here if no thread can be had.
void offload_job(job& j, const char* what) noexcept;

template <class F> auto offload(const char* what, F f) noexcept {
  using result = decltype(f());
  struct {
    F f;
    result value{};
    int error = 0, name_error = 0;
  } call{std::move(f)};
  job j;
  j.argument = &call;
  j.run = [](void* p) {
    auto& c = *static_cast<decltype(call)*>(p);
    errno = 0;
    c.value = c.f();
    c.error = errno;
    c.name_error = h_errno;
  };
  int before = errno;
  offload_job(j, what);
  errno = call.error ? call.error : before;
  h_errno = call.name_error;
  return call.value;
}

template <class F, class... A> auto elsewhere(const F& next, A... arguments) noexcept {
  if (!may_park()) return next(arguments...);
  return offload(next.name(), [&] { return next(arguments...); });
}

}  // namespace kettle::inline KETTLE_ABI::green
