#pragma once
// The seam: everything through which threads of the library meet, in one place, so that an explored
// build (kettle::explored, see <kettle/testing.hpp>) can put an explorer behind it.
//
//   if constexpr (explored_build)
//     if (seam::exploring()) return seam::futex_wait(word, ...);   // else: the real thing
//
// The ordinary build has the declarations and nothing else. The functions are defined by the room
// `testing`, which only the explored build compiles. All but meet_wait() are called on a thread
// that the explorer plays; none allocates memory of the program's.

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

#if defined(KETTLE_EXPLORED)
inline constexpr bool explored_build = true;
#else
inline constexpr bool explored_build = false;
#endif

enum class memory_order : int;

namespace detail::seam {

// A place in the program, taken by a default argument where a step is made. Empty in the ordinary
// build.
#if defined(KETTLE_EXPLORED)
struct where {
  constexpr explicit(false)
      where(const char* f = __builtin_FILE(), unsigned l = __builtin_LINE()) noexcept
      : file(f), line(l) {}
  const char* file;
  unsigned line;
};
#else
struct where {};
#endif

// What a thread is about to do. A point: any other thread may run first.
enum class step : std::uint8_t {
  load,
  store,
  exchange,
  compare_exchange,
  fetch,
  lock,
  unlock,
  futex_wait,
  futex_wake,
  begin,
  end,
  join,
  relax,
  variable_read,
  variable_write,
  choice,
  check,
};

#if defined(KETTLE_EXPLORED)
// The explorer that plays this thread; null: none does.
[[gnu::tls_model("initial-exec")]] inline constinit thread_local void* player = nullptr;
inline bool exploring() noexcept { return player != nullptr; }
#else
constexpr bool exploring() noexcept { return false; }
#endif

// Atomics. load, store: true: done, false: now do it in memory. modify before, modified after a
// read-modify-write. born, ended: the word's life.
bool load(const void* word, std::size_t bytes, void* out, memory_order order, where at) noexcept;
bool store(void* word, std::size_t bytes, const void* value, memory_order order, where at) noexcept;
void modify(const void* word, step what, memory_order order, where at) noexcept;
void modified(const void* word, memory_order order, std::uint64_t before,
              std::uint64_t after) noexcept;
void born(const void* word) noexcept;
void ended(const void* word) noexcept;

// Locks that spin: one point, at which the thread stands while another holds the lock.
void lock(void* word, std::size_t bytes, where at) noexcept;
void unlock(void* word, std::size_t bytes, where at) noexcept;
// Between two looks at a word: the thread stands until another one has changed something.
void relax() noexcept;

// The kernel: sleeping, time, threads. Results as in sys/.
int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t until_ns) noexcept;
int futex_wake(const std::uint32_t* word, int threads) noexcept;
std::int64_t now_ns() noexcept;
// A thread that runs has a timer: its time may have come.
void look_at_clock(std::int64_t timer_ns) noexcept;
int start_thread(unsigned long& out, void* (*body)(void*), void* argument) noexcept;
void join_thread(unsigned long thread) noexcept;
void detach_thread(unsigned long thread) noexcept;
unsigned long this_thread() noexcept;
void interrupt_thread(unsigned long thread) noexcept;
char* stack_bottom() noexcept;

// Memory of nodes and frames: no block is used twice in one schedule, and each must come back.
// These two also outside of an exploration.
void* take_block(std::size_t bytes);
void give_block(void* block, std::size_t bytes) noexcept;

// A wait begins, on any thread, played or not: it has not yet looked at its scope (parks: false),
// or is not done at once and has to wait now. For a test that wants to do something just there.
using wait_watch = void (*)(const char* what, bool parks) noexcept;
void meet_wait(const char* what, bool parks) noexcept;
void watch_waits(wait_watch w) noexcept;  // null: nobody; while no thread waits

// Ends the schedule as a failure.
[[noreturn]] void fail(const char* kind, const char* text, where at) noexcept;

}  // namespace detail::seam

}  // namespace kettle::inline KETTLE_ABI
