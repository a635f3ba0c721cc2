#pragma once
// Where this room's blocking calls run: a lane of threads of its own, so that slow files do not
// hold up the user's on_thread. It belongs to the run (or thread) that uses it and ends with it.
// (Names have threads of their own, see resolver.hpp.)
//
//   long n = co_await on_file_lane(sys::read_at, fd, data, size, offset);

#include <kettle/coro/place_call.hpp>

namespace kettle::inline KETTLE_ABI {

// Four at once; cancelled calls are waited for: a disk answers.
struct file_lane : callable_place<file_lane> {
  void launch(placed_child_base& c) const;
};
inline constexpr file_lane on_file_lane{};

// While it lives, its run counts as busy: virtual time stands still, and there is no deadlock.
class busy_run {
 public:
  busy_run();
  ~busy_run();
  busy_run(const busy_run&) = delete;
  busy_run& operator=(const busy_run&) = delete;

 private:
  domain& run_;
};

}  // namespace kettle::inline KETTLE_ABI
