// Theme: lives of children everywhere. Whatever cuts a form short, its children have ended before
// it returns, and nothing at all is alive after the round. Here is the round, and what other
// threads and pools do; forms and nurseries are in lives_forms.cpp.

#include "lives.hpp"

#include <optional>

#include <time.h>

namespace soak {

namespace {

constexpr int acts_each = 100;

// Blocks, with a nursery of its own and children elsewhere again.
unsigned nest(counted, unsigned x) {
  household home;
  chance random(x);
  const unsigned a = random(1000), b = random(1000), c = random(1000);
  if (random.one_in(3)) return on_thread(block_a_little, counted(home), a).get();
  if (random.one_in(3)) return on_cores(block_a_little, counted(home), a).get();
  auto body = [&](nursery& n) {
    n.start(on_thread, block_a_little, counted(home), a);
    n.start(wait_a_little, counted(home), b);
    n.start(on_cores, block_a_little, counted(home), c);
    return a;
  };
  return with_nursery(body).get();
}

task<> nest_on_a_thread(liver& w) {
  household home;
  const unsigned x = w.number();
  (void)co_await on_thread(nest, counted(home), x);
}

task<> run_on_a_thread(liver& w) {
  household home;
  const unsigned x = w.number();
  auto own_run = [&home, x] {
    return run([&](nursery& n) -> task<unsigned> {
      n.start(as_outcome, on_fiber, block_a_little, counted(home), x + 1);
      co_return co_await wait_a_little(counted(home), x);
    });
  };
  check_equal(co_await on_thread(own_run), twice(x), "a run of its own gives its value");
}

task<> abandon_a_thread(liver& w) {
  auto body = [x = w.number()](nursery& n) -> task<> {
    const timespec moment{0, long(x % 300'000)};
    n.start(abandon, on_thread, [moment, here = counted()] { ::nanosleep(&moment, nullptr); });
    co_await yield();
  };
  co_await with_nursery(body);
}

task<> interrupt_a_thread(liver& w) {
  household home;
  const duration moment = w.random.moment();
  auto body = [&](nursery& n) -> task<> {
    n.start(interruptible, on_thread, [&home] {
      counted here(home);
      const timespec long_enough{100, 0};
      while (::nanosleep(&long_enough, nullptr) == 0) {}
    });
    co_await sleep_for(moment);
    n.cancel("interrupted");
  };
  co_await with_nursery(body);
}

task<> start_in_pool(liver& w) {
  const unsigned x = w.number();
  auto result = w.pool.start(block_a_little, counted(), x);
  const unsigned how = w.random(4);
  if (how == 0) result.cancel();
  if (how > 1) check_equal(co_await result, twice(x), "a pool's future gives its task's value");
}

task<> call_pool(liver& w) {
  household home;
  const unsigned x = w.number();
  (void)co_await w.pool(nest, counted(home), x);
}

task<> leave_pool_future(liver& w) {
  auto result = w.pool.start(nest, counted(), w.number());
  const bool there = bool(co_await move_on_after(w.random.moment(), result));
  check(there != result.valid(), "a future that was not waited for to the end is left as it was");
}

task<> select_pool_futures(liver& w) {
  auto a = w.pool.start(block_a_little, counted(), w.number());
  auto b = w.pool.start(block_a_little, counted(), w.number());
  auto got = co_await select(a, b, sleep_for(w.random.moment()));
  check(a.valid() + b.valid() == (got.index() == 2 ? 2 : 1), "select takes one future, or none");
}

task<> children_in_pool(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(4);
  const duration moment = w.random.moment();
  const bool fails = w.random.one_in(4);
  auto body = [&](nursery& n) -> task<> {
    for (unsigned x : in) n.start(w.pool, block_a_little, counted(home), x);
    auto one = n.start(on_cores, block_a_little, counted(home), in[0]);
    co_await sleep_for(moment);
    one.cancel();
    if (fails) throw boom();
  };
  co_await with_nursery(body);
}

task<> outlive_a_scope(liver& w) {
  const duration moment = w.random.moment();
  cancel_scope scope;
  auto cut = [handle = scope.handle(), x = w.number()] {
    sleep_for(chance(x).moment()).get();
    handle.cancel("perhaps too late");
  };
  auto late = w.pool.start(cut);
  (void)co_await in_scope(scope, sleep_for(moment));
}

task<> close_a_pool(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(6);
  const close_mode how = w.random.one_in(2) ? close_mode::drain : close_mode::cancel;
  thread_pool small({.workers = 2});
  for (unsigned x : in) (void)small.start(block_a_little, counted(home), x);
  co_await small.close(how);
}

task<> map_in_pool(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(8);
  auto consume = [&] {  // which may block, so that what is dropped is waited for
    unsigned at = 0;
    auto f = [&home](unsigned x) { return block_a_little(counted(home), x); };
    for (unsigned got : w.pool.map(f, in)) check_equal(got, twice(in[at++]), "a map keeps order");
  };
  co_await on_thread(consume);
}

task<> fill_a_fiber_pool(liver& w) {
  household home;
  const std::vector<unsigned> in = w.numbers(6);
  auto fill = [&] {
    fiber_pool few({.at_once = 2});
    for (unsigned x : in) (void)few.start(block_a_little, counted(home), x);
    if (in[0] % 2) few.close(close_mode::drain).get();
  };
  co_await on_fiber(fill);
}

constexpr act<liver> acts[] = {
    {"nest_on_a_thread", nest_on_a_thread},   {"run_on_a_thread", run_on_a_thread},
    {"abandon_a_thread", abandon_a_thread},   {"interrupt_a_thread", interrupt_a_thread},
    {"start_in_pool", start_in_pool},         {"call_pool", call_pool},
    {"leave_pool_future", leave_pool_future}, {"select_pool_futures", select_pool_futures},
    {"children_in_pool", children_in_pool},   {"outlive_a_scope", outlive_a_scope},
    {"close_a_pool", close_a_pool},           {"map_in_pool", map_in_pool},
    {"fill_a_fiber_pool", fill_a_fiber_pool},
};

struct house {
  thread_pool pool{{.workers = 3}};
  std::atomic<long> operations{0};
};

task<> work(house& h, chance random, int) {
  liver w{random, h.pool};
  for (int i = 0; i < acts_each; i++) {
    co_await act_at_random(w, w.random.one_in(2) ? acts_of_forms : acts_of_pools, 1);
    h.operations++;
  }
}

report round(std::uint64_t seed) {
  house h;
  chance random(seed);
  run([&](nursery& n) { from_everywhere<house>(n, h, work, random); });
  return {h.operations, std::to_string(h.pool.stats().steals) + " steals"};
}

}  // namespace

constexpr std::span<const act<liver>> acts_of_pools(acts);
constexpr theme lives{"lives", round};

}  // namespace soak
