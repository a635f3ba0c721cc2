#pragma once
// Says that something kettle does not know, a foreign thread or a callback of another library, may
// end a wait here.
//
//   outside_waker hardware;  // while it lives, waiting for ever is no deadlock
//   driver.on_ready([&] { ready.set(); });
//   co_await ready.wait();
//
// Lifetime: on the thread whose loop it is about, from before the wait until after it.

#include <kettle/core/context.hpp>

namespace kettle::inline KETTLE_ABI {

class outside_waker {
 public:
  outside_waker();
  ~outside_waker();
  outside_waker(const outside_waker&) = delete;
  outside_waker& operator=(const outside_waker&) = delete;

 private:
  home& at_;
};

}  // namespace kettle::inline KETTLE_ABI
