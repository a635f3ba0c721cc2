#pragma once
// Sleeping, and giving way.
//
//   co_await sleep_for(20ms);
//   co_await sleep_until(t);
//   co_await sleep_forever();
//   co_await yield();

#include <kettle/core/timer.hpp>
#include <kettle/core/wait_point.hpp>

namespace kettle::inline KETTLE_ABI {

class KETTLE_WAIT sleep_operation : public operation<sleep_operation>, private timer {
 public:
  // Counted from the moment it is awaited.
  static sleep_operation lasting(duration d) noexcept { return sleep_operation(d.count(), true); }
  static sleep_operation until(time_point t) noexcept {
    return sleep_operation(t.time_since_epoch().count(), false);
  }
  sleep_operation(const sleep_operation& o) noexcept
      : operation(o), timer(fire), when_(o.when_), relative_(o.relative_) {}

  bool start() override;
  void unlink() noexcept override;
  const char* what() const noexcept override { return "sleep"; }
  void finish() noexcept {}

 private:
  sleep_operation(std::int64_t when, bool relative) noexcept
      : timer(fire), when_(when), relative_(relative) {}
  static void fire(timer& t) noexcept;
  std::int64_t when_;
  bool relative_;
};

inline sleep_operation sleep_for(any_duration d) noexcept { return sleep_operation::lasting(d); }
inline sleep_operation sleep_until(time_point t) noexcept { return sleep_operation::until(t); }
inline sleep_operation sleep_forever() noexcept { return sleep_operation::until(never); }

// Lets everybody else who is ready run once.
class KETTLE_WAIT yield_operation : public operation<yield_operation> {
 public:
  bool start() override;
  void unlink() noexcept override {}
  void cancel() noexcept override {}  // it is ready already
  const char* what() const noexcept override { return "yield"; }
  void finish() noexcept {}
  void get();  // no wait that anybody could grant or cancel: in a fiber little more than the switch
};
inline yield_operation yield() noexcept { return {}; }

}  // namespace kettle::inline KETTLE_ABI
