#pragma once
// ctrl_c(): waits for Ctrl-C (SIGINT) or a request to end (SIGTERM), so that a program can end in
// its own way.
//
//   co_await race(accept_all(door, peers), ctrl_c());
//   peers.cancel_after(5s);
//
// While somebody waits, the signal goes to every waiter and to nothing else; otherwise it cancels
// the root of run(). One signal grants all who wait at that moment; there is no queue of signals.
// Signals that the program handles itself, or was started to ignore, stay with it. Cancellation:
// cancelled means no signal was taken. Threads: any; usage_error where no run() is alive.

#include <kettle/core/wait_point.hpp>

namespace kettle::inline KETTLE_ABI {

class ctrl_c_operation : public operation<ctrl_c_operation> {
 public:
  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "ctrl_c"; }
  void finish() noexcept;

  ctrl_c_operation* next_ = nullptr;  // the list of those who wait
  ctrl_c_operation* prev_ = nullptr;
};

inline ctrl_c_operation ctrl_c() noexcept { return {}; }

}  // namespace kettle::inline KETTLE_ABI
