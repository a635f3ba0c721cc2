#pragma once
// explore: runs a piece of concurrent code under schedule after schedule, and shows the one that
// breaks it.
//
//   TEST(counter, loses_nothing) {
//     auto found = kettle::testing::explore({.seeds = 10'000}, [] {
//       kettle::atomic<int> n{0};
//       kettle::testing::thread other([&] { n.fetch_add(1, kettle::relaxed); });
//       n.fetch_add(1, kettle::relaxed);
//       other.join();
//       kettle::testing::check(n.load(kettle::relaxed) == 2, "no update is lost");
//     });
//     EXPECT_FALSE(found) << found;
//   }
//
// `body` is called once a schedule, each time in an empty world: it makes what it needs, and its
// threads have ended when it returns. All its threads are played on the calling one. Each operation
// of an atomic, lock, wait, wake, timer and thread of kettle's types is a point where another
// thread may go on; time is virtual. Explored are kettle's own types (with `run`, its threads and
// pools), `kettle::atomic`, `testing::thread` and `testing::var`; not std::thread, std::mutex and
// system calls: a thread that blocks in one of those blocks the exploration.
//
// What a deadline or sleep waits for may come at any point, but time stands still between two calls
// of clock::now(). A failure is: a false check or assertion, an exception that leaves `body` or a
// thread, a deadlock (a lost wake-up is one), a race on a testing::var, the use of an object of
// kettle's that has ended, nodes or frames of kettle's that were never given back, a schedule
// without end. The exploration stops at the first one, shortens its schedule, and tells how to run
// it again.
//
// KETTLE_SEED: the text `seed` of a failure. Explorations run that schedule alone, again and again
// the same, under a debugger too.
//
// Needs the explored build of the library: link kettle::explored in place of kettle::kettle.
// Threads: one exploration a thread, any number in a process. Lifetime: what `body` leaves behind
// when it fails is not destroyed: its threads stop where they are.

#include <kettle/base/atomic.hpp>
#include <kettle/base/clock.hpp>
#include <kettle/base/seam.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <type_traits>

namespace kettle::inline KETTLE_ABI::testing {

// How schedules are chosen.
struct strategy {
  enum class kind : std::uint8_t { rotate, random, pct, pos, dfs };
  kind how = kind::rotate;
  unsigned number = 0;  // depth of pct, bound of dfs
};
// pos, pct(2), pct(3) and random by turns, then dfs(2) while there is time.
inline constexpr strategy rotate{};
// At each point any thread, with the same probability.
inline constexpr strategy random{strategy::kind::random};
// Random priorities and depth - 1 changes: of bugs that need `depth` steps in one order each
// schedule finds at least one in (threads * points^(depth - 1)).
constexpr strategy pct(unsigned depth) noexcept { return {strategy::kind::pct, depth}; }
// Random priorities of pending steps.
inline constexpr strategy pos{strategy::kind::pos};
// All schedules with at most `bound` preemptions; says whether it came to the end.
constexpr strategy dfs(unsigned bound) noexcept { return {strategy::kind::dfs, bound}; }

enum class memory_model : std::uint8_t {
  sequential,  // a store is seen by all at once
  tso,  // as on x86: stores weaker than seq_cst may stay in their thread's buffer for a while
};
inline constexpr memory_model sequential = memory_model::sequential;
inline constexpr memory_model tso = memory_model::tso;

struct options {
  testing::strategy strategy = rotate;
  std::uint64_t seeds = 100'000;  // schedules at most, those of dfs counted too
  any_duration time = std::chrono::seconds(10);
  memory_model weak = tso;
  std::uint64_t first_seed = 1;
  std::uint64_t most_points = 20'000;  // of one schedule: more is a failure
};

// What came of an exploration. True where something was found.
class exploration {
 public:
  bool failed = false;
  std::string kind;      // "deadlock", "check", "assertion", "race", "exception", "leak", ...
  std::string message;   // what, and where
  std::string schedule;  // the shortest failing schedule that was found: thread, file:line, what
  std::string seed;      // for KETTLE_SEED
  std::string found_by;  // the strategy
  std::uint64_t schedules = 0;  // until the failure, or in all
  std::uint64_t points = 0;
  bool exhausted = false;  // dfs came to its end
  unsigned bound = 0;      // of that dfs
  duration took{0};

  explicit operator bool() const noexcept { return failed; }
  std::string text() const;
};
std::ostream& operator<<(std::ostream& out, const exploration& e);

namespace detail {
struct body_reference {
  void (*call)(void* body);
  void* body;
};
exploration explore(const options& o, body_reference body);
}  // namespace detail

template <class Body> exploration explore(const options& o, Body&& body) {
  static_assert(explored_build || !std::is_invocable_v<Body&>,
                "explore needs the explored build of the library: link kettle::explored in place "
                "of kettle::kettle");
  static_assert(std::is_void_v<std::invoke_result_t<Body&>>,
                "the body of an exploration returns nothing: what it makes it waits for, by .get() "
                "or run(...)");
  if constexpr (std::is_function_v<std::remove_reference_t<Body>>) {
    auto* function = &body;
    return explore(o, function);
  } else {
    auto call = [](void* b) { (*static_cast<std::remove_reference_t<Body>*>(b))(); };
    return detail::explore(o, {call, const_cast<void*>(static_cast<const void*>(&body))});
  }
}

// In `body`: ends the schedule as a failure if `holds` is false.
void check(bool holds, const char* rule, kettle::detail::seam::where at = {});
// In `body`: a number below n (63 at most), a choice of the schedule: whether a worker dies now,
// say.
unsigned choose(unsigned n);
// The name of the thread that calls it, in schedules.
void name_thread(const char* name);

}  // namespace kettle::inline KETTLE_ABI::testing
