#pragma once
// Signals as a stream of events: for SIGHUP, SIGUSR1 and their like. (Ctrl-C: see loop/ctrl_c.hpp.)
//
//   signal_receiver hangup({SIGHUP});                    // ours from here on
//   while (auto s = co_await hangup.next()) reload();    // -> the signal's number
//
// A signal that comes twice before it is taken is told once; of several that are pending each gets
// its turn. When the receiver goes, the former action comes back, and has those that nobody took.
// One receiver for a signal at a time (usage_error); one next() at a time (busy_resource).
// Cancellation: cancelled means that none was taken. Threads: next() on the thread that made the
// receiver.

#include <kettle/core/wait_point.hpp>

#include <initializer_list>
#include <memory>
#include <optional>

namespace kettle::inline KETTLE_ABI {

namespace detail {
struct signal_inbox;
struct signal_inbox_delete {
  void operator()(signal_inbox* i) const noexcept;
};
}  // namespace detail

class KETTLE_WAIT signal_operation : public operation<signal_operation> {
 public:
  explicit signal_operation(detail::signal_inbox& i) noexcept : inbox_(&i) {}
  bool start() override;
  void unlink() noexcept override;
  std::optional<int> finish() const noexcept { return signal_; }
  const char* what() const noexcept override { return "signal"; }

 private:
  friend struct detail::signal_inbox;
  detail::signal_inbox* inbox_;
  int signal_ = 0;
};

class signal_receiver {
 public:
  signal_receiver(std::initializer_list<int> signals);
  signal_operation next() noexcept { return signal_operation(*inbox_); }

 private:
  std::unique_ptr<detail::signal_inbox, detail::signal_inbox_delete> inbox_;
};

}  // namespace kettle::inline KETTLE_ABI
