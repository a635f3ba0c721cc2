// What overflows the stack if anything does: a million ready awaits, 100 000 nested suspended
// calls, 100 000 nested scopes cancelled at once. Built without optimisation and under both
// sanitizers, so it links the lower rooms only and no test framework.
//
//   stress_depth_test CASE

#include "core/task_tree.hpp"

#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/run.hpp>

#include <cstdio>
#include <cstring>

namespace {

using namespace kettle;
using namespace std::chrono_literals;

constexpr int many = 1'000'000, deep = 100'000;

bool check(const char* what, long got, long wanted) {
  if (got != wanted) std::printf("%s: %ld, not %ld\n", what, got, wanted);
  return got == wanted;
}

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

task<int> one() { co_return 1; }
task<int> one_by_one() { co_return co_await one(); }

bool ready_awaits() {
  long sum = run_virtual([]() -> task<long> {
    long n = 0;
    for (int i = 0; i < many; i++) n += co_await one_by_one();
    co_return n;
  });
  return check("sum", sum, many);
}

// Each level waits for the next one; the innermost one suspends.
task<long> nested(long n) {
  if (n == 0) {
    co_await yield();
    co_return 0;
  }
  co_return 1 + co_await nested(n - 1);
}

bool nested_calls() {
  return check("depth on a loop", run_virtual([] { return nested(deep); }), deep) &&
         check("depth in a thread", nested(deep).get(), deep);
}

task<long> throwing(long n) {
  co_await yield();
  if (n == 0) throw std::runtime_error("deep");
  co_return co_await throwing(n - 1);
}

bool nested_errors() {
  try {
    run_virtual([] { return throwing(deep); });
  } catch (const std::runtime_error& e) {
    return std::strcmp(e.what(), "deep") == 0;
  }
  return false;
}

struct counts {
  long entered = 0, left = 0, caught = 0;
};

task<> nested_scopes_below(long n, counts& c) {
  c.entered++;
  struct at_end {
    counts& c;
    ~at_end() { c.left++; }
  } leaving{c};
  if (n == 0)
    co_await sleep_forever();
  else if (!co_await move_on_after(1h, nested_scopes_below(n - 1, c)))
    c.caught++;
}

bool nested_scopes() {
  counts c;
  bool finished = run_virtual([&] { return move_on_after(1s, nested_scopes_below(deep, c)); });
  return check("finished", finished, false) && check("entered", c.entered, deep + 1) &&
         check("left", c.left, deep + 1) && check("caught by an inner one", c.caught, 0);
}

// The deadline moves while all of them are open.
bool moved_deadline() {
  counts c;
  duration took{};
  cancel_scope s;
  run_virtual([&](nursery& n) -> task<> {
    time_point start = clock::now();
    s.deadline(start + 10s);
    auto mover = [&s, start]() -> task<> {
      co_await sleep_for(1s);
      s.deadline(start + 2s);
      s.shield(true);
      s.shield(false);
    };
    n.start(mover);
    co_await in_scope(s, nested_scopes_below(deep, c));
    took = clock::now() - start;
  });
  return check("left", c.left, deep + 1) && check("seconds", took / 1s, 2);
}

task<> nested_nurseries_below(long n, counts& c) {
  c.entered++;
  auto body = [&](nursery& m) -> task<> {
    if (n > 0) m.start(nested_nurseries_below, n - 1, std::ref(c));
    co_await sleep_forever();
  };
  co_await finally(with_nursery(body), [&] { c.left++; });
}

bool nested_nurseries() {
  counts c;
  run_virtual([&] { return move_on_after(1s, nested_nurseries_below(deep / 5, c)); });
  return check("entered", c.entered, deep / 5 + 1) && check("left", c.left, deep / 5 + 1);
}

// A task tree of that depth is written, and its text does not grow with the square of it.
bool deep_deadlock() {
  counts c;
  try {
    run_virtual([&] { return nested_nurseries_below(deep / 5, c); });
  } catch (const deadlock_error& e) {
    return check("short enough", std::strlen(e.what()) < 300u * deep, true);
  }
  return check("deadlock", false, true);
}

struct named_case {
  const char* name;
  bool (*run)();
};
constexpr named_case cases[] = {
    {"ready_awaits", ready_awaits},     {"nested_calls", nested_calls},
    {"nested_errors", nested_errors},   {"nested_scopes", nested_scopes},
    {"moved_deadline", moved_deadline}, {"nested_nurseries", nested_nurseries},
    {"deep_deadlock", deep_deadlock},
};

}  // namespace

int main(int argc, char** argv) {
  bool found = false, good = true;
  for (const named_case& c : cases) {
    if (argc > 1 && std::strcmp(argv[1], c.name) != 0) continue;
    found = true;
    if (!c.run()) {
      std::printf("failed: %s\n", c.name);
      good = false;
    }
  }
  return found && good ? 0 : 1;
}
