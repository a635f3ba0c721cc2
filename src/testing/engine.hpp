#pragma once
// Plays the threads of one program on one OS thread, and at each step that another thread could
// notice (a point) asks a strategy which of them goes on.
//
//   engine e(options);
//   result r = e.play(body, strategy);      // one schedule, from an empty world to the end of all
//
// A played thread is a stack of its own, switched by hand, with its own thread_state. It is taken
// off the processor at points only, so everything between two points is one step. Stores weaker
// than seq_cst may stay for a while in the thread's store buffer, first in first out, as on x86
// (Owens, Sarkar, Sewell, "A better x86 memory model: x86-TSO", 2009).
//
// A failure leaves the schedule where it is: its stacks are not unwound, their memory is used again
// by the next schedule.

#include "fibers/switch.hpp"
#include "testing/arena.hpp"
#include "testing/clocks.hpp"
#include "testing/strategy.hpp"
#include "testing/trace.hpp"
#include "testing/words.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/thread_state.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI::testing::detail {

using kettle::detail::seam::step;

struct failure {
  std::string kind;     // "deadlock", "assertion", "race", ...; empty: none
  std::string message;  // with the place
};

struct schedule_result {
  failure failed;
  path departures;  // from the defaults
  std::uint64_t points = 0;
  std::uint64_t hash = 0;  // of all steps: equal for equal schedules
};

struct variable_history;

struct engine_options {
  bool store_buffers = true;
  std::uint64_t most_points = 20'000;
  bool races = false;  // look for them from the first schedule on, not from the first variable
};

class engine {
 public:
  explicit engine(engine_options options);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  schedule_result play(const std::function<void()>& body, strategy& s, trace* record = nullptr);

  // The engine that plays the calling thread.
  static engine& here() noexcept { return *static_cast<engine*>(kettle::detail::seam::player); }

  // The seam, see base/seam.hpp.
  bool load(const void* word, std::size_t bytes, void* out, memory_order order, where at);
  bool store(void* word, std::size_t bytes, const void* value, memory_order order, where at);
  void modify(const void* word, step what, where at);
  void modified(const void* word, memory_order order, std::uint64_t before, std::uint64_t after);
  void born(const void* word) noexcept;
  void dies(const void* word);
  void lock(void* word, std::size_t bytes, where at);
  void unlock(void* word, std::size_t bytes, where at);
  void relax();
  int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t until_ns);
  int futex_wake(const std::uint32_t* word, int threads);
  std::int64_t now_ns() const noexcept { return now_ns_; }
  void look_at_clock(std::int64_t timer_ns);
  int start_thread(std::string name, std::function<void()> body, where at = {"", 0});
  void join_thread(int number, where at = {"", 0});
  int this_thread() const noexcept { return current_; }
  void detach_thread(int number) noexcept { threads_[std::size_t(number)]->left_alone = false; }
  void interrupt_thread(int number);
  std::uint32_t interrupts_here() const noexcept {
    return threads_[std::size_t(current_)]->interrupts;
  }
  char* stack_bottom() noexcept;
  const path& departures() const noexcept { return result_.departures; }
  arena& memory() noexcept { return arena_; }
  // A plain variable of testing::var: a point, and the check for races.
  void access(const void* variable, bool writes, const std::unique_ptr<variable_history>& history,
              where at);
  void begins(const void* variable, variable_history& history);
  void ends(const void* variable, variable_history& history);
  // The last schedule met its first variable, and did not look for races from its beginning on.
  bool races_were_missed() const noexcept { return races_wanted_ && !races_judged_; }
  unsigned choose(unsigned n);
  [[noreturn]] void fail(std::string kind, std::string message, where at);
  void name_thread(std::string name) { threads_[std::size_t(current_)]->name = std::move(name); }

 private:
  enum class standing : std::uint8_t { ready, futex, join, ended };
  struct buffered_store {
    void* word;
    std::uint64_t value;
    std::uint8_t bytes;
    bool releases, unlocks;
    bool passed;  // a later step of its thread has come first
    where at;
    vector_clock seen;
  };
  struct thread {
    execution self;  // first: the stack's entry gets its address
    engine* in = nullptr;
    std::byte* stack = nullptr;
    thread_state kept{};
    std::function<void()> body;
    std::string name;
    standing at = standing::ready;
    const void* waits_for = nullptr;  // the futex word
    int joins = -1;
    std::int64_t until_ns = 0;
    std::uint64_t turn = 0;  // among the waiters of one word
    int woken_with = 0;
    std::uint32_t interrupts = 0;
    bool fresh = false;       // before its first step
    bool left_alone = false;  // neither joined nor detached
    pending_step pending;
    where last;  // the place of its last step
    vector_clock seen;
    std::deque<buffered_store> buffer;
  };

  static void thread_main(execution& self) noexcept;
  void run_body(thread& t) noexcept;
  thread& me() noexcept { return *threads_[std::size_t(current_)]; }
  thread& add_thread(std::function<void()> body, std::string name);
  [[noreturn]] void end_thread();

  // Before a step: the point itself. Returns when this thread is to make it.
  void point(const void* word, bool writes, where at);
  void made(step what, const void* word, bool writes, std::uint64_t before, std::uint64_t after);
  void choose_next();
  entity_set can_run() const noexcept;
  entity usual(entity_set can) const noexcept;
  entity decide(entity_set can);
  void switch_to_thread(int number);
  [[noreturn]] void leave();  // for the driver, for good

  void changed() noexcept { relaxing_ &= one(current_); }  // whoever waits for a change looks again
  void put(buffered_store& s);
  void write(const buffered_store& s, int by);
  void make_visible(int of);
  void drain(int of);
  void may_come(int of);
  void wake(int number, int result);
  void advance_clock(std::int64_t no_later = std::numeric_limits<std::int64_t>::max());
  void judge(bool writes, const char* does, variable_history& h, where at);
  void check_alive(const void* address, where at, const char* what);
  void let_go(word& w);
  void nobody_can();
  std::string standing_of(int number) const;
  void note(entity who, step what, const void* address, std::uint64_t before, std::uint64_t after,
            where at);

  engine_options options_;
  std::vector<std::unique_ptr<thread>> threads_;
  int count_ = 0;  // of the schedule that is played
  execution driver_;
  thread_state driver_state_{};
  exceptions_in_flight& in_flight_;
  int current_ = 0;
  // Sets of threads.
  entity_set ready_ = 0, lock_barred_ = 0, relaxing_ = 0, buffered_ = 0, timed_ = 0;
  word_table words_;
  arena arena_;
  static constexpr std::int64_t start_of_time_ns = 1'000'000'000;
  std::int64_t now_ns_ = 0;
  std::uint64_t turns_ = 0;
  // Of the clock, while others could act: a timer that comes again and again must not starve them.
  static constexpr int most_early_jumps = 16;
  int early_jumps_ = 0;
  std::uint32_t decisions_ = 0;
  step doing_{};
  bool races_wanted_ = false;  // a testing::var has been seen: clocks are kept
  bool races_judged_ = false;  // since the schedule began
  strategy* strategy_ = nullptr;
  trace* trace_ = nullptr;
  schedule_result result_;
};

// What a testing::var remembers of its accesses.
struct variable_history {
  std::uint32_t schedule = 0;
  int writer = -1;
  std::uint32_t written = 0;
  where written_at;
  std::uint32_t read[most_threads] = {};
  where read_at[most_threads];
};

}  // namespace kettle::inline KETTLE_ABI::testing::detail
