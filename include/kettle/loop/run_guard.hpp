#pragma once
// What makes the calling thread's home the home of a run: clock, back end, deadlock check, signals.

#include <kettle/core/nursery.hpp>

#include <exception>

namespace kettle::inline KETTLE_ABI {

enum class time_kind : unsigned char { real, virtual_time };

struct run_options {
  time_kind time = time_kind::real;
  const char* backend =
      nullptr;  // "io_uring", "epoll"; null: KETTLE_BACKEND, else the best the kernel lets us use
  // A run that has been cancelled so long and has not ended says on stderr, once, what keeps it
  // open. In real time; duration::max(): never.
  any_duration grace = std::chrono::seconds(5);
};

namespace detail {

class run_guard {
 public:
  explicit run_guard(const run_options& o);
  ~run_guard();
  run_guard(const run_guard&) = delete;
  run_guard& operator=(const run_guard&) = delete;

  // The scope that a deadlock or a signal cancels.
  void root(nursery& n) noexcept;
  void root_goes() noexcept;  // in whatever way
  // All has ended: throws deadlock_error, a single error as itself, error_group or cancelled; ends
  // the process by the signal that cancelled the root.
  void finish(nursery::result r);

 private:
  struct state;
  state* state_;  // owned; no <memory> for everybody who includes run.hpp
};

}  // namespace detail

}  // namespace kettle::inline KETTLE_ABI
