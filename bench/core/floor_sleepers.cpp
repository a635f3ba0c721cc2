// The floor of N sleepers: a bare 64-byte coroutine frame each from one slab and a 16-byte entry in
// a binary heap; no nursery, no error, no cancellation.
#include "measure.hpp"

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

constexpr double sleep_s = 5;

struct entry {
  double due;
  void* frame;
  bool operator<(const entry& other) const { return due > other.due; }  // earliest on top
};

std::vector<entry> timers;
std::byte* slab;
std::size_t slab_used;
long ended;

struct sleeper {
  struct promise_type {
    static void* operator new(std::size_t bytes) {
      if (bytes > 64) std::abort();
      return slab + 64 * slab_used++;
    }
    static void operator delete(void*, std::size_t) noexcept {}
    sleeper get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::abort(); }
  };
};

struct sleep_awaiter {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    timers.push_back({bench::seconds_now() + sleep_s, h.address()});
    std::push_heap(timers.begin(), timers.end());
  }
  void await_resume() noexcept {}
};

sleeper one() {
  co_await sleep_awaiter{};
  ++ended;
}

void run_timers() {
  while (!timers.empty()) {
    const double now = bench::seconds_now();
    if (timers.front().due > now) {
      usleep(static_cast<useconds_t>((timers.front().due - now) * 1e6) + 1);
      continue;
    }
    std::pop_heap(timers.begin(), timers.end());
    void* frame = timers.back().frame;
    timers.pop_back();
    std::coroutine_handle<>::from_address(frame).resume();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long n = argc > 1 ? std::atol(argv[1]) : 1'000'000;
  const double before = bench::resident_bytes(), begin = bench::seconds_now();
  slab = static_cast<std::byte*>(std::aligned_alloc(64, 64 * static_cast<std::size_t>(n)));
  timers.reserve(static_cast<std::size_t>(n));
  for (long i = 0; i < n; i++) one();
  const double asleep = bench::resident_bytes();
  run_timers();
  if (ended != n) std::abort();
  bench::report("bytes", (asleep - before) / static_cast<double>(n), "B");
  bench::report("late", bench::seconds_now() - begin - sleep_s, "s");
}
