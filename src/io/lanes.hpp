#pragma once
// Where this room's blocking calls run: lanes of threads of their own, so that slow names do not
// hold up files, nor either of them the user's on_thread. They belong to the run (or thread) that
// uses them and end with it.
//
//   long n = co_await on_file_lane(sys::read_at, fd, data, size, offset);
//   future<answer> a = names.start(look_up, host);        // when `a` goes, nobody waits for the
//   answer any more

#include <kettle/coro/place_call.hpp>
#include <kettle/coro/pool_call.hpp>

namespace kettle::inline KETTLE_ABI {

// Four at once; cancelled calls are waited for: a disk answers.
struct file_lane : callable_place<file_lane> {
  void launch(placed_child_base& c) const;
};
inline constexpr file_lane on_file_lane{};

// Eight at once. getaddrinfo may take its time and cannot be ended: its callers may leave it
// behind, so what runs here must own all it uses, and throw nothing.
class name_lane {
 public:
  void launch_own(placed_child_base& c);
  template <class F, class... A> auto start(F&& f, A&&... a) {
    return detail::start_own<false>(*this, std::forward<F>(f), std::forward<A>(a)...);
  }
};

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
