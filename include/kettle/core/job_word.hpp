#pragma once
// How far a job has come that was given to another thread, and whether it is asked to end: one
// word, which its giver, its taker and whoever cancels it change. Its bits are only ever set:
//
//   queued ---> taken ---> running ---> finished        asked: at any time, once
//        \__________________________/
//          ended unrun, by who took it
//
// Only who takes it may end it. The future's word (child.hpp) comes after: `finished` is set before
// the note that goes to the child's home, which writes `done` when it arrives.
// Memory order: acq_rel, so that each side reads what the other one wrote before its bit.

#include <kettle/base/atomic.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI {

class job_word {
 public:
  enum class stage : std::uint8_t { queued, taken, running, finished };

  // True, once: it is the caller's.
  bool take() noexcept {
    if (!is_queued()) return false;  // spares a write to somebody else's cache line
    return !(bits_.fetch_or(taken, acq_rel) & taken);
  }
  // By its taker. True: it was asked to end before.
  bool runs() noexcept { return bits_.fetch_or(running, acq_rel) & asked; }
  bool finishes() noexcept { return bits_.fetch_or(finished, acq_rel) & asked; }
  // Where it was when it was asked to end; `finished` also if that has been said before.
  stage ask() noexcept {
    std::uint8_t before = bits_.fetch_or(asked, acq_rel);
    return before & asked ? stage::finished : stage_of(before);
  }

  stage at() const noexcept { return stage_of(bits_.load(acquire)); }
  bool is_queued() const noexcept { return !(bits_.load(relaxed) & taken); }
  bool is_asked() const noexcept { return bits_.load(relaxed) & asked; }

 private:
  static constexpr std::uint8_t taken = 1, running = 2, finished = 4, asked = 8;
  static stage stage_of(std::uint8_t bits) noexcept {
    return bits & finished  ? stage::finished
           : bits & running ? stage::running
           : bits & taken   ? stage::taken
                            : stage::queued;
  }

  atomic<std::uint8_t> bits_{0};
};

}  // namespace kettle::inline KETTLE_ABI
