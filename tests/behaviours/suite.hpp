#pragma once
// The behaviours as one suite over places. Each .inc file is included once a place, by
// loop_test.cpp, fiber_test.cpp and so on, which say how its words are spelled there:
//
//   WHERE     the place: on_loop, on_fiber, on_thread
//   TASK(T)   what a body returns there: task<T>, or T itself
//   AWAIT(w)  co_await w, or (w).get()
//   HERE(f(x)) calls such a body from another one
//   RET       co_return, or return
//   CALL      one call there: CALL(f, args...) is a wait
//
// BEHAVIOUR(b05, sentence) is a test; its number is the line of the table that table.py makes.
//
// The whole program runs once a back end; KETTLE_BEHAVIOURS names it: virtual, io_uring, epoll, or
// denied (epoll because the kernel denies io_uring). On the virtual clock times are exact; in real
// time, order and lower bounds.

#include "core/home.hpp"

#include <kettle/core/scope_handle.hpp>
#include <kettle/fibers/fiber_pool.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/kettle.hpp>
#include <kettle/sync/channel.hpp>
#include <kettle/sync/limiter.hpp>
#include <kettle/sync/mutex.hpp>
#include <kettle/sync/queue.hpp>
#include <kettle/sync/select.hpp>
#include <kettle/sync/semaphore.hpp>
#include <kettle/threads/on_thread.hpp>
#include <kettle/threads/thread_pool.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <unistd.h>

namespace kettle::suite {

using namespace std::chrono_literals;

// What the tests count time in.
inline bool virtual_time() {
  const char* how = std::getenv("KETTLE_BEHAVIOURS");
  return !how || std::string_view(how) == "virtual";
}
inline duration units(double n) {
  return std::chrono::duration_cast<duration>(n * (virtual_time() ? 1000ms : 20ms));
}

// Time since it was made.
class stopwatch {
 public:
  void expect(double n) const {
    if (virtual_time())
      EXPECT_EQ(clock::now() - start_, units(n));
    else
      EXPECT_GE(clock::now() - start_, units(n));
  }

 private:
  time_point start_ = clock::now();
};

// What happened, in order. From any thread.
class diary {
 public:
  void write(std::string line) {
    spin_guard here(lock_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> read() {
    spin_guard here(lock_);
    return lines_;
  }

 private:
  spin_lock lock_;
  std::vector<std::string> lines_;
};
using lines = std::vector<std::string>;

// A read that never ends: with it a loop waits inside its back end, not on its futex.
class endless_read : public operation<endless_read> {
 public:
  explicit endless_read(int fd) {
    request_.fd = fd;
    request_.flags = POLLIN;
    request_.owner = this;
    request_.done = [](io_request& r) noexcept {
      auto& self = *static_cast<request*>(&r)->owner;
      self.take(claim::cancelled);
      make_ready(self.who());
    };
  }
  bool start() override {
    who().at_->io().submit(request_);
    return false;
  }
  void unlink() noexcept override {}
  void cancel() noexcept override { who().at_->io().cancel(request_); }
  const char* what() const noexcept override { return "endless_read"; }
  void finish() noexcept {}

 private:
  struct request : io_request {
    endless_read* owner = nullptr;
  } request_;
};

inline task<> keep_back_end_busy() {
  int ends[2];
  if (::pipe(ends) != 0) co_return;
  struct closer {
    int* ends;
    ~closer() { ::close(ends[0]), ::close(ends[1]); }
  } at_end{ends};
  co_await endless_read(ends[0]);
}

// Runs body as the only child of a run, at the place.
template <class Place, class Body> void run_at(const Place& where, Body&& body) {
  run_options o;
  if (virtual_time()) o.time = time_kind::virtual_time;
  run(o, [&](nursery& n) {
    if (!virtual_time()) n.start(as_service, keep_back_end_busy);
    n.start(where, [&body] { return body(); });
  });
}

// What an exception says: "timed out", "2 errors: a; b", "cancelled: why".
template <class F> std::string error_of(F f) {
  try {
    f();
  } catch (...) {
    return describe(std::current_exception());
  }
  return "none";
}

struct oops : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace kettle::suite

#define BEHAVIOUR(number, sentence) TEST(PLACE_NAME, number##_##sentence)
