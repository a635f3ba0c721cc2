// The k-th move of an argument or a result throws, for every k, in every combinator and place.

#include "points.hpp"

#include <kettle/kettle.hpp>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

std::atomic<int> left{0};  // until the move that throws; 0: none does
std::atomic<bool> failed{false};

struct move_failed : std::runtime_error {
  move_failed() : std::runtime_error("this move fails") {}
};

void meet_a_point() {
  int before = left.load();
  while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {}
  if (before != 1) return;
  failed = true;
  throw move_failed();
}

std::atomic<int> alive{0};
struct fussy {
  fussy() { alive++; }
  fussy(fussy&&) {
    meet_a_point();
    alive++;
  }
  fussy(const fussy&) {
    meet_a_point();
    alive++;
  }
  ~fussy() { alive--; }
};

fussy pass(fussy f) { return f; }
task<fussy> pass_on(fussy f) {
  co_await yield();
  co_return std::move(f);
}

void fail_at(int k) {
  failed = false;
  left = k;
}
bool has_failed() {
  left = 0;
  return failed;
}

template <class Body> void sweep(const char* name, Body body) {
  int points = tests::at_every_point<move_failed>(name, fail_at, has_failed, body);
  EXPECT_GE(points, 3) << name;
  EXPECT_EQ(alive, 0) << name;
}
template <class Body> void sweep_run(const char* name, Body body) {
  sweep(name, [&] { run(body); });
}

TEST(throwing_moves, of_a_childs_argument_and_result) {
  sweep_run("start", [](nursery& n) -> task<> {
    fussy argument;
    auto f = n.start(pass_on, argument);
    (void)co_await f;
  });
  sweep_run("all", []() -> task<> {
    fussy argument;
    auto take = [&] { return pass_on(argument); };
    (void)co_await all(take, take);
  });
  sweep_run("race", []() -> task<> {
    fussy argument;
    auto take = [&] { return pass_on(argument); };
    (void)co_await race(take, take);
  });
  sweep_run("map", [](nursery& n) -> task<> {
    std::vector<fussy> in(3);
    auto got = n.map(pass_on, in);
    while (auto x = co_await got.next()) (void)*x;
  });
}

TEST(throwing_moves, in_places) {
  sweep_run("on_thread", [](nursery& n) -> task<> {
    fussy argument;
    auto f = n.start(on_thread, pass, argument);
    (void)co_await f;
    auto g = n.start(abandon, on_thread, pass, argument);
    (void)co_await g;
    (void)co_await on_thread(pass, argument);
  });
  sweep_run("on_fiber", [](nursery& n) -> task<> {
    fussy argument;
    auto f = n.start(on_fiber, pass, argument);
    (void)co_await f;
  });
  sweep("thread_pool", [] {
    thread_pool pool({.workers = 1});
    fussy argument;
    (void)pool.start(pass, argument).get();
  });
}

}  // namespace
}  // namespace kettle
