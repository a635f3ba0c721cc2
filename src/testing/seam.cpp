// The second half of the seam: what the library's threads do goes to the engine that plays them.

#include <kettle/base/seam.hpp>

#include "testing/engine.hpp"

#include <new>

namespace kettle::inline KETTLE_ABI::detail::seam {

namespace {

using testing::detail::engine;

engine& here() noexcept { return engine::here(); }

wait_watch watch = nullptr;

}  // namespace

bool load(const void* word, std::size_t bytes, void* out, memory_order order, where at) noexcept {
  return here().load(word, bytes, out, order, at);
}
bool store(void* word, std::size_t bytes, const void* value, memory_order order,
           where at) noexcept {
  return here().store(word, bytes, value, order, at);
}
void modify(const void* word, step what, memory_order, where at) noexcept {
  here().modify(word, what, at);
}
void modified(const void* word, memory_order order, std::uint64_t before,
              std::uint64_t after) noexcept {
  here().modified(word, order, before, after);
}
void born(const void* word) noexcept { here().born(word); }
void ended(const void* word) noexcept { here().dies(word); }
void lock(void* word, std::size_t bytes, where at) noexcept { here().lock(word, bytes, at); }
void unlock(void* word, std::size_t bytes, where at) noexcept { here().unlock(word, bytes, at); }
void relax() noexcept { here().relax(); }

int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t until_ns) noexcept {
  return here().futex_wait(word, expected, until_ns);
}
int futex_wake(const std::uint32_t* word, int threads) noexcept {
  return here().futex_wake(word, threads);
}
void look_at_clock(std::int64_t timer_ns) noexcept { here().look_at_clock(timer_ns); }
std::int64_t now_ns() noexcept { return here().now_ns(); }

// Numbers of threads begin at 0, which no pthread_t is.
int start_thread(unsigned long& out, void* (*body)(void*), void* argument) noexcept {
  out = static_cast<unsigned long>(here().start_thread("", [body, argument] { body(argument); }));
  return 0;
}
void join_thread(unsigned long thread) noexcept { here().join_thread(int(thread)); }
void detach_thread(unsigned long thread) noexcept { here().detach_thread(int(thread)); }
unsigned long this_thread() noexcept { return static_cast<unsigned long>(here().this_thread()); }
void interrupt_thread(unsigned long thread) noexcept { here().interrupt_thread(int(thread)); }
char* stack_bottom() noexcept { return here().stack_bottom(); }

void* take_block(std::size_t bytes) {
  return exploring() ? here().memory().take(bytes) : ::operator new(bytes);
}
// A block may be freed after the schedule that it is of: its memory is used again already.
void give_block(void* block, std::size_t bytes) noexcept {
  if (!testing::detail::arena::is_of_one(block)) return ::operator delete(block, bytes);
  if (exploring() && here().memory().holds(block)) here().memory().give(block, bytes);
}

void meet_wait(const char* what, bool parks) noexcept {
  if (watch) watch(what, parks);
}
void watch_waits(wait_watch w) noexcept { watch = w; }

void fail(const char* kind, const char* text, where at) noexcept { here().fail(kind, text, at); }

}  // namespace kettle::inline KETTLE_ABI::detail::seam
