// What a task costs at least: `plain` is the usual symmetric-transfer task on operator new that the
// targets name, `freelist` the floor: bare frames from a freelist, no error carried, nothing
// recorded.
//
// The leaf is another function, not inlined, as in a program of several files.
#include "measure.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace {

// Frames as the language makes them, errors kept as every library does.
struct plain_policy {
  std::exception_ptr error;
  void failed() noexcept { error = std::current_exception(); }
  void rethrow() {
    if (error) std::rethrow_exception(error);
  }
};

// Frames from a freelist of 64-byte classes; an error ends the program.
struct freelist_policy {
  struct block {
    block* next;
  };
  static inline constinit thread_local block* free_frames[17] = {};

  static void* operator new(std::size_t bytes) {
    const std::size_t row = (bytes + 63) / 64;
    if (row > 16) std::abort();
    if (block* b = free_frames[row]) {
      free_frames[row] = b->next;
      return b;
    }
    return std::malloc(row * 64);
  }
  static void operator delete(void* p, std::size_t bytes) noexcept {
    const std::size_t row = (bytes + 63) / 64;
    free_frames[row] = ::new (p) block{free_frames[row]};
  }
  void failed() noexcept { std::abort(); }
  void rethrow() noexcept {}
};

template <class Policy> struct [[nodiscard]] task {
  struct promise_type : Policy {
    std::coroutine_handle<> continuation = std::noop_coroutine();

    promise_type() noexcept {}
    task get_return_object() noexcept {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct final_awaiter {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().continuation;
      }
      void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { this->failed(); }
  };

  explicit task(std::coroutine_handle<promise_type> h) noexcept : handle(h) {}
  task(task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~task() {
    if (handle) handle.destroy();
  }

  struct awaiter {
    std::coroutine_handle<promise_type> child;
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
      child.promise().continuation = parent;
      return child;
    }
    void await_resume() { child.promise().rethrow(); }
  };
  awaiter operator co_await() && noexcept { return awaiter{handle}; }

  std::coroutine_handle<promise_type> handle;
};

template <class Policy> [[gnu::noinline]] task<Policy> leaf(long& done) {
  ++done;
  co_return;
}

template <class Policy> task<Policy> many(long n, long& done) {
  for (long i = 0; i < n; i++) co_await leaf<Policy>(done);
}

template <class Policy> double each() {
  return bench::nanoseconds_each(10'000'000, [](long n) {
    long done = 0;
    auto all = many<Policy>(n, done);
    all.handle.resume();
    all.handle.promise().rethrow();
    if (done != n) std::abort();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bool plain = argc > 1 && std::strcmp(argv[1], "plain") == 0;
  bench::report("", plain ? each<plain_policy>() : each<freelist_policy>(), "ns");
}
