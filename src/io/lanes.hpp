#pragma once
// Where this room's blocking calls run: lanes of threads of their own, so that slow names do not hold up files, nor
// either of them the user's on_thread. They belong to the run (or thread) that uses them and end with it.

#include <kettle/coro/place_call.hpp>

#include <cstdint>

namespace kettle::inline v0 {

class io_lane : public callable_place<io_lane> {
 public:
  constexpr io_lane(unsigned slot, std::uint32_t most_threads, lateness late) noexcept
      : slot_(slot), most_threads_(most_threads), late_(late) {}
  void launch(placed_child_base& c) const noexcept;

 private:
  unsigned slot_;  // in companion_set
  std::uint32_t most_threads_;
  lateness late_;
};

// getaddrinfo may take its time and cannot be ended: its callers do not wait for it.
inline constexpr io_lane on_name_lane{2, 8, lateness::abandon};
inline constexpr io_lane on_file_lane{3, 4, lateness::waits};

}  // namespace kettle::inline v0
