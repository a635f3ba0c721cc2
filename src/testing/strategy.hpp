#pragma once
// Who decides, at each point of a schedule, what runs next.
//
// What can be chosen is a set of entities: the threads, the store buffers of threads (their oldest
// store becomes visible) and the clock (it jumps to the next time that somebody waits for). One of
// them is the default: the thread that runs goes on, else the first that can. A schedule is
// described by where it departs from that.

#include "testing/clocks.hpp"
#include "testing/path.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace kettle::inline KETTLE_ABI::testing::detail {

using entity = int;
using entity_set = std::uint64_t;
constexpr entity buffer_of(int thread) noexcept { return most_threads + thread; }
inline constexpr entity the_clock = 2 * most_threads;
inline constexpr entity delayed_store = 2 * most_threads + 1;  // a decision, no entity
constexpr entity_set one(entity e) noexcept { return entity_set(1) << e; }
inline constexpr entity_set all_threads = one(most_threads) - 1;
inline constexpr entity_set all_buffers = all_threads << most_threads;
inline entity first_of(entity_set s) noexcept { return __builtin_ctzll(s); }

// The step that a thread stands before.
struct pending_step {
  const void* word = nullptr;
  bool writes = false;
};

class strategy {
 public:
  virtual ~strategy() = default;
  // A schedule begins. False: there is none left.
  virtual bool begin() { return true; }
  // One of `can`, which holds several. `usual`: the default.
  virtual entity next(entity_set can, entity running, entity usual) = 0;
  // Whether a store stays in its thread's buffer for now.
  virtual bool delays(entity thread) = 0;
  // One of the numbers below n, for testing::choose.
  virtual unsigned pick(unsigned n) = 0;
  // `thread` waits for something to change, and is to come last.
  virtual void gives_way(entity) {}
  // `thread` now stands before `s`; has made its step.
  virtual void arrives(entity, const pending_step&) {}
  virtual void steps(entity, const pending_step&) {}
  virtual void ended(std::uint64_t /*points*/) {}  // the schedule
  // Whether a bound has left schedules out.
  virtual bool was_cut() const noexcept { return true; }
};

std::unique_ptr<strategy> make_random(std::uint64_t seed);
// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010):
// random priorities, and depth - 1 points at which the running thread falls behind all others.
std::unique_ptr<strategy> make_pct(std::uint64_t seed, unsigned depth);
// Partial order sampling (Yuan, Yang, Gu, CAV 2018): a random priority for each pending step, drawn
// anew for those that race with the one that was made.
std::unique_ptr<strategy> make_pos(std::uint64_t seed);
// Every schedule with at most `bound` preemptions (Musuvathi, Qadeer, PLDI 2007), delayed stores
// and early timeouts, depth first.
std::unique_ptr<strategy> make_dfs(unsigned bound);
std::unique_ptr<strategy> make_replay(path departures);

}  // namespace kettle::inline KETTLE_ABI::testing::detail
