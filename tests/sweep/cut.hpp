#pragma once
// The cut of one run: at the k-th wait that begins while the body runs, its scope is cancelled, or
// its deadline expires.

#include <kettle/core/scope.hpp>

#include <atomic>
#include <optional>
#include <string>

namespace kettle::sweep {

enum class way {
  cancel_before,    // the scope is cancelled when the wait begins: it throws at once
  cancel_in,        // when it has begun and has to wait
  deadline_before,  // the deadline is there when the wait begins
  deadline_in,      // the deadline comes when everybody sleeps
  other_thread,     // a thread that is none of the run's cancels it, some time after it has begun
};
inline constexpr way all_ways[] = {way::cancel_before, way::cancel_in, way::deadline_before,
                                   way::deadline_in, way::other_thread};
const char* name_of(way w) noexcept;

class cut {
 public:
  cut(way how, int at) noexcept : how_(how), at_(at) {}
  cut(const cut&) = delete;
  cut& operator=(const cut&) = delete;

  cancel_scope scope;

  // The body's own steps: where its scope is, first and last.
  void begins();
  void ended() noexcept;
  // Around the body's run, on the thread that makes them: which one the waits are told to.
  void arm() noexcept;
  void disarm() noexcept;

  void allows(duration grace) noexcept { grace_ = grace; }
  void finished(bool f) noexcept { finished_ = f; }

  bool was_made() const noexcept { return made_; }
  // The body gave its value.
  bool has_finished() const noexcept { return finished_; }
  bool came_to_its_end() const noexcept { return ended_; }
  // By the virtual clock, when it went on for longer than it may.
  bool was_late() const noexcept;
  std::string how_late() const;
  int waits() const noexcept { return waits_; }

 private:
  static void meet_wait(const char* what, bool parks) noexcept;
  void make() noexcept;
  bool counts_before() const noexcept {
    return how_ == way::cancel_before || how_ == way::deadline_before;
  }

  way how_;
  int at_;
  home* home_ = nullptr;                // the scope's
  std::optional<scope_handle> handle_;  // for who cannot reach the scope itself
  duration grace_{0};
  time_point made_at_{}, ended_at_{};
  std::atomic<bool> open_{false}, made_{false};
  std::atomic<int> waits_{0};
  bool finished_ = false, ended_ = false;
};

}  // namespace kettle::sweep
