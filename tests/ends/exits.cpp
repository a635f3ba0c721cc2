// exit() in the midst of something: its status is the program's, at once.

#include "program.hpp"

#include <atomic>
#include <cstdlib>
#include <optional>
#include <thread>

#include <unistd.h>

using namespace kettle;
using namespace std::chrono_literals;
using ends::say;

namespace {

task<> accepts() {
  auto l = co_await listen("tcp:127.0.0.1:0");
  auto s = co_await l.accept();
  (void)s;
}

// Waits in its destructor, when nothing of the run goes on.
struct late_waiter {
  ~late_waiter() {
    sleep_for(1ms).get();
    int there = on_thread([] { return 1; }).get();
    int in_run = run([]() -> task<int> { co_return co_await on_thread([] { return 2; }); });
    say(there + in_run == 3 ? "waited" : "?");
  }
};

}  // namespace

WAY(coroutine_with_io) {
  run([](nursery& n) -> task<> {
    n.start(accepts);
    co_await yield();
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(body_with_io) {
  run([](nursery& n) {
    n.start(accepts);
    sleep_for(1ms).get();
    std::exit(3);
  });
}

WAY(nursery_outside_a_run) {
  with_nursery([](nursery& n) {
    n.start(accepts);
    n.start(on_thread, [] { sleep_for(1h).get(); });
    sleep_for(1ms).get();
    std::exit(3);
  }).get();
}

WAY(virtual_time) {
  run({.time = time_kind::virtual_time}, [](nursery& n) -> task<> {
    n.start([]() -> task<> { co_await sleep_for(2h); });
    co_await sleep_for(1h);
    std::exit(3);
  });
}

WAY(fiber_with_io) {
  run([](nursery& n) -> task<> {
    n.start(accepts);
    n.start(on_fiber, [] { sleep_for(1h).get(); });
    n.start(on_fiber, [] {
      sleep_for(1ms).get();
      std::exit(3);
    });
    co_await sleep_for(1h);
  });
}

WAY(fiber_of_a_static_pool) {
  static fiber_pool pool;
  for (int i = 0; i < 3; i++) pool.start([] { sleep_for(1h).get(); });
  pool.start([] { std::exit(3); }).get();
}

WAY(coroutine_beside_a_static_fiber_pool) {
  run([](nursery&) -> task<> {
    static fiber_pool pool;
    pool.start([] { sleep_for(1h).get(); });
    co_await yield();
    std::exit(3);
  });
}

WAY(thread_in_a_run) {
  run([](nursery& n) -> task<> {
    n.start(on_thread, [] { std::exit(3); });
    n.start(accepts);
    co_await sleep_for(1h);
  });
}

WAY(thread_outside_a_run) {
  on_thread([] { std::exit(3); }).get();
}

WAY(cores_in_a_run) {
  run([](nursery& n) {
    n.start(on_cores, [] {
      on_cores([] {}).get();
      std::exit(3);
    });
    for (int i = 0; i < 4; i++) n.start(on_cores, [] { sleep_for(1h).get(); });
  });
}

WAY(thread_of_a_static_pool) {
  static thread_pool pool({.workers = 1});
  auto first = pool.start([] {
    pool.start([] { say("?"); });  // never begins
    std::exit(3);
  });
  first.get();
}

WAY(thread_of_a_static_pool_with_others_at_work) {
  static thread_pool pool({.workers = 3});
  for (int i = 0; i < 5; i++) pool.start([] { sleep_for(1h).get(); });
  static thread_pool other({.workers = 1});
  other.start([] { std::exit(3); }).get();
}

WAY(static_pool_with_tasks_that_wait) {
  static thread_pool pool({.workers = 2});
  run([](nursery& n) -> task<> {
    n.start(pool, [] { sleep_for(1h).get(); });
    for (int i = 0; i < 5; i++) pool.start([] { sleep_for(1h).get(); });
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

// Nothing that exit() could do would end it.
WAY(static_pool_with_a_task_that_computes) {
  static thread_pool pool({.workers = 1});
  run([](nursery&) -> task<> {
    static std::atomic<bool> there{false};
    pool.start([] {
      there = true;
      for (;;) ::pause();
    });
    while (!there) co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(static_things_that_are_waited_for) {
  static mutex m;
  static event e;
  static semaphore s(0);
  static condition c;
  static barrier b(2);
  static limiter l(1);
  static shared_mutex sm;
  static channel<int> ch(0);
  run([](nursery& n) -> task<> {
    auto held = co_await m.lock();
    n.start([]() -> task<> { auto g = co_await m.lock(); });
    n.start([]() -> task<> { co_await e.wait(); });
    n.start([]() -> task<> { auto permit = co_await s.acquire(); });
    n.start([]() -> task<> { co_await b.wait(); });
    n.start([]() -> task<> { (void)co_await ch.receive(); });
    for (int i = 0; i < 2; i++)
      n.start([]() -> task<> {
        auto token = co_await l.acquire();
        co_await e.wait();
      });
    n.start([]() -> task<> {
      auto first = co_await sm.lock();
      auto second = co_await sm.lock();
    });
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(static_sockets_that_are_waited_on) {
  static std::optional<listener> l;
  static std::optional<stream> client, server;
  run([](nursery& n) -> task<> {
    l.emplace(co_await listen("tcp:127.0.0.1:0"));
    client.emplace(co_await connect("127.0.0.1", l->port()));
    server.emplace(co_await l->accept());
    n.start([]() -> task<> { auto more = co_await l->accept(); });
    n.start([]() -> task<> {
      std::byte buffer[10];
      co_await server->read(buffer);
    });
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(static_future_that_is_awaited) {
  static thread_pool pool({.workers = 1});
  static future<void> f = pool.start([] { sleep_for(1h).get(); });
  run([](nursery& n) -> task<> {
    n.start([]() -> task<> { co_await f; });
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(callback_of_a_loop) {
  run([](nursery& n) {
    n.start(accepts);
    n.start([]() -> task<> { co_await sleep_for(1ms); }).on_done([](const outcome<void>&) {
      std::exit(3);
    });
  });
}

WAY(callback_of_a_pool) {
  static thread_pool pool({.workers = 1});
  pool.start([] {}).on_done([](const outcome<void>&) { std::exit(3); });
  for (;;) ::pause();
}

WAY(destructors_that_wait_after_a_coroutine) {
  static late_waiter late;
  run([](nursery& n) -> task<> {
    n.start(accepts);
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(destructors_that_wait_after_a_fiber) {
  static late_waiter late;
  run([](nursery& n) {
    n.start(accepts);
    n.start(on_fiber, [] { std::exit(3); });
  });
}

WAY(destructors_that_wait_after_a_thread) {
  static late_waiter late;
  on_thread([] { std::exit(3); }).get();
}

// Its only thread is the exiting one, which helps.
WAY(destructors_that_use_the_pool_of_the_exiting_thread) {
  static thread_pool pool({.workers = 1});
  struct user {
    ~user() {
      say(pool.start([] { return 5; }).get() == 5 ? "ran" : "?");
    }
  };
  static user late;
  pool.start([] { std::exit(3); }).get();
}

WAY(thread_of_the_program) {
  std::thread other([] {
    on_thread([] {}).get();
    run([](nursery& n) -> task<> {
      n.start(accepts);
      co_await sleep_for(1ms);
      std::exit(3);
    });
  });
  run([](nursery& n) {
    n.start(accepts);
    sleep_for(1h).get();
  });
  other.join();
}

WAY(with_processes_at_work) {
  static process_pool pool({.workers = 1});
  run([](nursery& n) -> task<> {
    co_await pool([] {});
    n.start(pool, [] { sleep_for(1h).get(); });
    co_await sleep_for(1ms);
    std::exit(3);
  });
}

WAY(at_rest_with_all_services) {
  on_thread([] {}).get();
  on_cores([] {}).get();
  on_process([] {}).get();
  std::exit(3);
}
