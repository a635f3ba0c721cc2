// The k-th `new` of the main thread fails, for every k, in every combinator and place: the program
// gets bad_alloc or does without, and everything that was started ends.

#include "points.hpp"

#include <kettle/kettle.hpp>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

thread_local long left = 0;  // until the one that fails; 0: none does
thread_local bool failed = false;

void* allocate(std::size_t size) {
  if (left > 0 && --left == 0) {
    failed = true;
    throw std::bad_alloc();
  }
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

namespace kettle {
namespace {

using namespace std::chrono_literals;

std::atomic<int> alive{0};
struct living {
  living() { alive++; }
  ~living() { alive--; }
};

task<int> leaf(int i) {
  living here;
  co_await sleep_for(1us);
  co_return i;
}
task<int> with_text(std::string s) {
  co_await yield();
  co_return int(s.size());
}
int blocking(int i) {
  living here;
  sleep_for(1us).get();
  return i;
}

void fail_at(int k) {
  close_freelist();  // every block comes from operator new
  failed = false;
  left = k;
}
bool has_failed() {
  left = 0;
  open_freelist();
  return failed;
}

// Every body: at least three points, nothing stays behind.
template <class Body> void sweep(const char* name, Body body) {
  int points = tests::at_every_point<std::bad_alloc>(name, fail_at, has_failed, body);
  EXPECT_GE(points, 3) << name;
  EXPECT_EQ(alive, 0) << name;
}
template <class Body> void sweep_run(const char* name, Body body) {
  sweep(name, [&] { run(body); });
}

TEST(out_of_memory, nurseries) {
  sweep_run("run", [](nursery& n) -> task<> {
    n.start(leaf, 1);
    co_await sleep_for(1us);
  });
  sweep_run("run, an ordinary body", [](nursery& n) {
    auto f = n.start(leaf, 1);
    f.get();
  });
  sweep_run("start", [](nursery& n) -> task<> {
    for (int i = 0; i < 5; i++) n.start(leaf, i);
    n.start(as_outcome, leaf, 1);
    n.start(name("named"), deadline(1s), leaf, 1);
    auto f = n.start(leaf, 2);
    (void)co_await f;
  });
  sweep_run("with_nursery", []() -> task<> {
    auto body = [](nursery& m) -> task<> {
      auto f = m.start(with_text, std::string(100, 'x'));
      (void)co_await f;
    };
    co_await with_nursery(body);
    auto plain = [](nursery& m) { m.start(leaf, 1), m.start(as_outcome, leaf, 2); };
    co_await with_nursery(plain);
  });
  sweep_run("as_service", [](nursery& n) -> task<> {
    auto serve = []() -> task<> {
      living here;
      co_await sleep_forever();
    };
    n.start(as_service, serve);
    n.start(as_service, serve);
    n.start(leaf, 1);
    co_return;
  });
  sweep_run("start_ready", [](nursery& n) -> task<> {
    auto server = [](started<int>& ready) -> task<> {
      living here;
      ready(1);
      co_await yield();
    };
    (void)co_await n.start_ready(server);
  });
  sweep_run("on_done", [](nursery& n) -> task<> {
    n.start(leaf, 1).on_done([](const outcome<int>&) {});
    co_return;
  });
  sweep_run("errors", []() -> task<> {
    auto fails = []() -> task<> {
      co_await yield();
      throw end_of_channel();
    };
    auto body = [&](nursery& n) {
      for (int i = 0; i < 3; i++) n.start(fails);
    };
    try {
      co_await with_nursery(body);
    } catch (const error_group& g) {
      for (auto& e : g.errors())
        if (!thrown_as<end_of_channel>(e)) std::rethrow_exception(e);
    }
  });
}

TEST(out_of_memory, combinators) {
  sweep_run("all", []() -> task<> { (void)co_await all(leaf(1), leaf(2), leaf(3)); });
  sweep_run("race", []() -> task<> { (void)co_await race(leaf(1), leaf(2)); });
  sweep_run("first_of", []() -> task<> {
    std::vector<int> in{1, 2, 3};
    (void)co_await first_of(leaf, in, {.stagger = 1us});
    (void)co_await first_of(leaf(1), leaf(2));
  });
  sweep_run("map", []() -> task<> {
    std::vector<int> in(10);
    (void)co_await map(leaf, in, {.at_once = 3});
    (void)co_await map(as_outcome, leaf, in, {.at_once = 3});
  });
  sweep_run("map by completion", [](nursery& n) -> task<> {
    std::vector<int> in(10);
    auto got = n.map(leaf, in, {.at_once = 4, .order = map_order::completion});
    while (auto x = co_await got.next()) (void)*x;
  });
  sweep_run("a map that is dropped", [](nursery& n) -> task<> {
    std::vector<int> in(10);
    auto got = n.map(leaf, in, {.at_once = 4});
    (void)co_await got.next();
  });
  sweep_run("move_on_after", []() -> task<> {
    (void)co_await move_on_after(1s, leaf(1));
    (void)co_await move_on_after(1us, sleep_forever());
  });
  sweep_run("fail_after", []() -> task<> { (void)co_await fail_after(1s, leaf(1)); });
  sweep_run("in_scope", []() -> task<> {
    cancel_scope s;
    auto h = s.handle();
    (void)co_await in_scope(s, leaf(1));
  });
  sweep_run("shielded", []() -> task<> { (void)co_await shielded(1s, leaf(1)); });
  sweep_run("finally", []() -> task<> { (void)co_await finally(leaf(1), leaf(2)); });
  sweep_run("until_closing",
            [](nursery& n) -> task<> { (void)co_await until_closing(n, leaf(1)); });
  sweep_run("handle_each", []() -> task<> {
    try {
      co_await with_nursery([](nursery& m) -> task<> {
        m.start([]() -> task<> {
          throw end_of_channel();
          co_return;
        });
        co_return;
      });
    } catch (...) {
      handle_each([](end_of_channel&) {});
    }
  });
}

TEST(out_of_memory, places) {
  sweep_run("on_thread", [](nursery& n) -> task<> {
    for (int i = 0; i < 3; i++) n.start(on_thread, blocking, i);
    (void)co_await on_thread(blocking, 3);
  });
  sweep_run("on_thread, tags", [](nursery& n) -> task<> {
    n.start(interruptible, on_thread, blocking, 1);
    auto f = n.start(abandon, on_thread, blocking, 1);
    (void)co_await f;
  });
  sweep_run("on_cores", [](nursery& n) -> task<> {
    for (int i = 0; i < 3; i++) n.start(on_cores, blocking, i);
    (void)co_await on_cores(blocking, 3);
  });
  sweep_run("on_fiber", [](nursery& n) -> task<> {
    for (int i = 0; i < 5; i++) n.start(on_fiber, blocking, i);
    (void)co_await on_fiber(blocking, 1);
  });
  sweep("outside of run", [] {
    (void)on_thread(blocking, 1).get();
    (void)on_fiber(blocking, 1).get();
    (void)all(leaf(1), on_cores(blocking, 1)).get();
  });
  sweep_run("map on_cores", [](nursery& n) -> task<> {
    std::vector<int> in(8);
    auto got = n.map(on_cores, blocking, in);
    while (auto x = co_await got.next()) (void)*x;
  });
}

TEST(out_of_memory, pools) {
  sweep("thread_pool", [] {
    thread_pool pool({.workers = 2});
    auto f = pool.start(blocking, 1);
    (void)f.get();
    auto got = pool.map(blocking, std::vector<int>(6));
    for (int x : got) (void)x;
  });
  sweep("thread_pool, by completion", [] {
    thread_pool pool({.workers = 2});
    auto got = pool.map(blocking, std::vector<int>(6), {.order = map_order::completion});
    for (int x : got) (void)x;
  });
  sweep("thread_pool, dropped", [] {
    thread_pool pool({.workers = 2});
    auto got = pool.map(blocking, std::vector<int>(6));
    (void)got.next().get();
  });
  sweep_run("thread_pool, from a coroutine", [](nursery& n) -> task<> {
    thread_pool pool({.workers = 2});
    std::exception_ptr error;
    try {
      n.start(pool, blocking, 1);
      (void)co_await pool(blocking, 2);
      std::vector<int> in(6);
      auto got = pool.map(blocking, in);
      while (auto x = co_await got.next()) (void)*x;
    } catch (...) {
      error = std::current_exception();
    }
    co_await pool.close(close_mode::drain);
    if (error) std::rethrow_exception(error);
  });
  sweep_run("fiber_pool", [](nursery& n) -> task<> {
    fiber_pool pool({.at_once = 2});
    std::exception_ptr error;
    try {
      for (int i = 0; i < 6; i++) n.start(pool, blocking, i);
      std::vector<int> in(6);
      auto got = pool.map(blocking, in, {.at_once = 3});
      while (auto x = co_await got.next()) (void)*x;
    } catch (...) {
      error = std::current_exception();
    }
    co_await pool.close(close_mode::drain);
    if (error) std::rethrow_exception(error);
  });
}

TEST(out_of_memory, sync) {
  sweep_run("channel", [](nursery& n) -> task<> {
    channel<std::string> c(2);
    auto feed = [](sender<std::string> to) -> task<> {
      for (int i = 0; i < 4; i++) co_await to.send(std::string(50, 'x'));
    };
    auto from = c.receiver();
    n.start(feed, c.sender());
    while (auto x = co_await from.next()) (void)*x;
  });
  sweep_run("limiter", [](nursery&) -> task<> {
    limiter slots(2);
    auto use = [&]() -> task<> {
      living here;
      auto slot = co_await slots.acquire();
      co_await yield();
    };
    auto body = [&](nursery& n) {
      for (int i = 0; i < 20; i++) n.start(use);
    };
    co_await with_nursery(body);
  });
  sweep_run("select", [](nursery& n) -> task<> {
    auto f = n.start(leaf, 1);
    (void)co_await select(f, sleep_for(1s));
  });
}

}  // namespace
}  // namespace kettle
