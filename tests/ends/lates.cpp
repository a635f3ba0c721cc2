// What uses kettle after its thread has begun to end, pools that their own tasks let go, and runs
// within runs.

#include "program.hpp"

#include <memory>
#include <thread>

#include <pthread.h>

using namespace kettle;
using namespace std::chrono_literals;
using ends::say;

namespace {

mutex shared_lock;

void use_everything() {
  sleep_for(1ms).get();
  { auto held = shared_lock.lock().get(); }
  int n = on_thread([] { return 1; }).get() + on_cores([] { return 2; }).get();
  thread_pool pool({.workers = 1});
  n += pool.start([] { return 3; }).get();
  fiber_pool fibers;
  n += fibers.start([] { return 4; }).get();
  n += run([](nursery& in) -> task<int> {
    auto f = in.start(on_thread, [] { return 5; });
    co_await sleep_for(1ms);
    co_return co_await f;
  });
  say(n == 15 ? "all there" : "?");
}

struct late_user {
  bool wanted = true;
  explicit late_user(bool w = true) : wanted(w) {}
  ~late_user() {
    if (wanted) use_everything();
  }
};

}  // namespace

WAY(thread_local_destructor) {
  std::thread([] {
    static thread_local late_user late;
    (void)late.wanted;
    sleep_for(1ms).get();
  }).join();
}

WAY(thread_local_destructor_of_a_thread_that_never_waited) {
  std::thread([] {
    static thread_local late_user late;
    (void)late.wanted;
  }).join();
}

WAY(thread_local_destructor_that_comes_first) {
  std::thread([] {
    on_thread([] {}).get();
    static thread_local late_user late;
    (void)late.wanted;
  }).join();
}

WAY(thread_local_destructor_of_the_main_thread) {
  static thread_local late_user late;
  (void)late.wanted;
  on_thread([] {}).get();
}

// Other keys' destructors, made before and after ours, and so run before and after it.
WAY(key_destructor) {
  static pthread_key_t before, after;
  auto use = [](void*) { use_everything(); };
  ::pthread_key_create(&before, use);
  sleep_for(1ms).get();
  ::pthread_key_create(&after, use);
  std::thread([] {
    ::pthread_setspecific(before, &before);
    ::pthread_setspecific(after, &after);
    sleep_for(1ms).get();
  }).join();
}

WAY(static_destructor) {
  static late_user late;
  (void)late.wanted;
  on_thread([] {}).get();
}

WAY(static_destructor_of_what_was_made_late) {
  on_thread([] {}).get();
  run([](nursery&) {});
  static late_user late;
  (void)late.wanted;
}

WAY(static_destructor_of_a_program_that_never_waited) {
  static late_user late;
  (void)late.wanted;
}

WAY(static_destructors_of_many) {
  static late_user first, second, third;
  on_thread([] {}).get();
  (void)first.wanted, (void)second.wanted, (void)third.wanted;
}

WAY(static_pool_with_a_user) {
  struct owner {
    thread_pool pool{{.workers = 2}};
    ~owner() {
      say(pool.start([] { return 1; }).get() == 1 ? "ran" : "?");
    }
  };
  static owner late;
  late.pool.start([] {}).get();
}

// 100 000 would do as well.
WAY(many_threads) {
  for (int i = 0; i < 2000; i++) {
    std::thread([i] {
      sleep_for(duration(i % 7)).get();
      if (i % 100 == 0) on_thread([] {}).get();
    }).join();
  }
  say("ended");
}

namespace {

struct client : std::enable_shared_from_this<client> {
  thread_pool pool{{.workers = 2}};
  std::shared_ptr<event> gone = std::make_shared<event>();
  event go;
  ~client() { gone->set(); }
  void refresh() {
    pool.start([self = shared_from_this()] { self->go.wait().get(); });
  }
};

}  // namespace

WAY(pool_let_go_by_its_own_task) {
  auto pool = std::make_shared<thread_pool>(thread_pool_options{.workers = 4});
  event go, done;
  for (int i = 0; i < 3; i++) pool->start([] { sleep_for(1h).get(); });
  pool->start([&, mine = pool]() mutable {
    go.wait().get();
    mine.reset();
    try {
      sleep_for(1h).get();
    } catch (const cancelled&) {
      say("cancelled as its pool is");
    }
    done.set();
  });
  pool.reset();
  go.set();
  done.wait().get();
}

WAY(pool_let_go_by_the_end_of_its_task) {
  auto c = std::make_shared<client>();
  auto gone = c->gone;
  c->refresh();
  c->go.set();
  c.reset();
  gone->wait().get();
  say("gone");
}

WAY(pool_let_go_in_a_coroutine_on_its_thread) {
  auto pool = std::make_shared<thread_pool>(thread_pool_options{.workers = 1});
  event done;
  pool->start([&done, mine = pool]() mutable -> task<> {
    co_await yield();
    mine.reset();
    done.set();
  });
  pool.reset();
  done.wait().get();
  say("gone");
}

WAY(pool_let_go_in_a_callback) {
  auto pool = std::make_shared<thread_pool>(thread_pool_options{.workers = 1});
  event done;
  auto last = pool;
  pool->start([] {}).on_done([&done, last = std::move(last)](const outcome<void>&) mutable {
    last.reset();
    done.set();
  });
  pool.reset();
  done.wait().get();
  say("gone");
}

WAY(fiber_pool_let_go_by_its_own_fiber) {
  auto pool = std::make_shared<fiber_pool>(fiber_pool_options{.at_once = 2});
  event go, done;
  pool->start([] { sleep_for(1h).get(); });
  pool->start([&, mine = pool]() mutable {
    go.wait().get();
    mine.reset();
    done.set();
  });
  pool.reset();
  go.set();
  done.wait().get();
  say("gone");
}

WAY(fiber_pool_let_go_in_a_callback) {
  auto pool = std::make_shared<fiber_pool>();
  event done;
  auto last = pool;
  pool->start([] {}).on_done([&done, last = std::move(last)](const outcome<void>&) mutable {
    last.reset();
    done.set();
  });
  pool.reset();
  done.wait().get();
  say("gone");
}

WAY(process_pool_let_go_in_a_callback) {
  auto pool = std::make_shared<process_pool>(process_pool_options{.workers = 1});
  event done;
  auto last = pool;
  pool->start([] {}).on_done([&done, last = std::move(last)](const outcome<void>&) mutable {
    last.reset();
    done.set();
  });
  pool.reset();
  done.wait().get();
  say("gone");
}

namespace {

bool refused_as_callback() {
  try {
    sleep_for(1ms).get();
  } catch (const usage_error& e) {
    return std::string_view(e.what()).find("in a callback") != std::string_view::npos;
  }
  return false;
}

struct waits_when_destroyed {
  waits_when_destroyed() = default;
  waits_when_destroyed(waits_when_destroyed&& o) noexcept : last(std::exchange(o.last, false)) {}
  ~waits_when_destroyed() {
    if (last) say(refused_as_callback() ? "refused" : "?");
  }
  bool last = true;
};

void tell(const outcome<void>&) { say(refused_as_callback() ? "refused" : "?"); }

}  // namespace

WAY(wait_in_a_callback) {
  run([](nursery& n) {
    n.start([]() -> task<> { co_await sleep_for(1ms); }).on_done(tell);
    n.start(on_thread, [] {}).on_done(tell);
    n.start(on_fiber, [] {}).on_done(tell);
    sleep_for(20ms).get();
  });
  fiber_pool fibers;
  fibers.start([] {}).on_done(tell);
  fibers.close(close_mode::drain).get();
}

WAY(wait_in_a_callback_of_a_process_pool) {
  process_pool pool({.workers = 1});
  pool.start([] {}).on_done(tell);
  pool.close(close_mode::drain).get();
}

WAY(wait_in_the_destructor_of_a_dropped_result) {
  run([](nursery& n) {
    n.start([]() -> task<waits_when_destroyed> {
      co_await sleep_for(1ms);
      co_return waits_when_destroyed();
    });
  });
}

// A pool's thread calls it between two tasks, and may wait.
WAY(wait_in_a_callback_of_a_thread_pool) {
  thread_pool pool({.workers = 1});
  event done;
  pool.start([] {}).on_done([&](const outcome<void>&) {
    sleep_for(1ms).get();
    say("waited");
    done.set();
  });
  done.wait().get();
}

WAY(run_in_a_callback) {
  run([](nursery& n) {
    n.start([]() -> task<> { co_await yield(); }).on_done([](const outcome<void>&) {
      run([](nursery&) {});
    });
  });
}

namespace {

task<> waits_for_a_client(event& begin, event& listens, event& end) {
  co_await begin.wait();
  auto l = co_await listen("tcp:127.0.0.1:0");
  auto gives_up = [&]() -> task<stream> {
    listens.set();
    co_await end.wait();
    co_return stream();
  };
  auto nobody = co_await race(l.accept(), gives_up());
  (void)nobody;
  say("outer accept ended");
}

task<int> runs() {
  auto l = co_await listen("tcp:127.0.0.1:0");
  bool came = bool(co_await move_on_after(1ms, l.accept()));
  co_return came ? 0 : co_await on_thread([] { return 5; });
}

struct moments {
  event now, first_listens, second_listens, third_begins, third_listens, inner_ends, after;
};

// What is around a run goes on in it, on the back end on which it waits.
void runs_within(nursery& n, moments& m) {
  auto& [now, first_listens, second_listens, third_begins, third_listens, inner_ends, after] = m;
  now.set();
  auto first =
      n.start(waits_for_a_client, std::ref(now), std::ref(first_listens), std::ref(inner_ends));
  auto second =
      n.start(waits_for_a_client, std::ref(now), std::ref(second_listens), std::ref(after));
  auto third =
      n.start(waits_for_a_client, std::ref(third_begins), std::ref(third_listens), std::ref(after));
  first_listens.wait().get();
  second_listens.wait().get();
  int n_inner = run([&]() -> task<int> {
    m.inner_ends.set();
    co_await first;
    m.third_begins.set();
    co_await m.third_listens.wait();
    co_return co_await runs();
  });
  say(n_inner == 5 ? "inner run ended" : "?");
  after.set();
  second.get();
  third.get();
}

}  // namespace

WAY(run_in_a_run) {
  moments m;
  run(runs_within, std::ref(m));
}
WAY(run_in_a_nursery) {
  moments m;
  with_nursery(runs_within, std::ref(m)).get();
}
WAY(run_in_a_run_in_a_run) {
  moments m;
  run([&](nursery&) { run(runs_within, std::ref(m)); });
}
WAY(run_on_a_thread_of_a_run) {
  event now, listens, after;
  run([&](nursery& n) {
    now.set();
    auto f = n.start(waits_for_a_client, std::ref(now), std::ref(listens), std::ref(after));
    on_thread([] { say(run(runs) == 5 ? "inner run ended" : "?"); }).get();
    after.set();
    f.get();
  });
}
// It is no part of the run, and its request none of the run's.
WAY(run_beside_a_fiber_of_a_pool) {
  fiber_pool pool;
  event begin, end, second_begins, second_listens;
  auto accepts = [&](event& first, event& then) {
    first.wait().get();
    auto l = listen("tcp:127.0.0.1:0").get();
    auto gives_up = [&]() -> task<stream> {
      then.set();
      co_await end.wait();
      co_return stream();
    };
    auto nobody = race(l.accept(), gives_up()).get();
    (void)nobody;
    say("outer accept ended");
  };
  event first_listens;
  auto one = pool.start(accepts, std::ref(begin), std::ref(first_listens));
  auto two = pool.start(accepts, std::ref(second_begins), std::ref(second_listens));
  begin.set();
  first_listens.wait().get();
  int n = run([&]() -> task<int> {
    second_begins.set();
    co_await second_listens.wait();
    co_return co_await runs();
  });
  say(n == 5 ? "inner run ended" : "?");
  end.set();
  one.get();
  two.get();
}
// The run made the back end that the fiber waits on.
WAY(run_that_begins_a_fiber_of_a_pool) {
  fiber_pool pool;
  event listens, end;
  future<void> f;
  run([&]() -> task<> {
    f = pool.start([&] {
      auto l = listen("tcp:127.0.0.1:0").get();
      auto gives_up = [&]() -> task<stream> {
        listens.set();
        co_await end.wait();
        co_return stream();
      };
      auto nobody = race(l.accept(), gives_up()).get();
      (void)nobody;
      say("outer accept ended");
    });
    co_await listens.wait();
  });
  say("inner run ended");
  end.set();
  f.get();
}
WAY(run_in_a_coroutine) {
  run([]() -> task<> {
    run([](nursery&) {});
    co_return;
  });
}
WAY(run_in_a_fiber) {
  run([](nursery& n) { n.start(on_fiber, [] { run([](nursery&) {}); }); });
}
WAY(run_with_another_clock_in_a_run) {
  run([](nursery&) { run({.time = time_kind::virtual_time}, [](nursery&) {}); });
}
WAY(run_with_another_back_end_in_a_run) {
  run({.backend = "epoll"}, [](nursery&) {
    run({.backend = "epoll"}, [](nursery&) { say("the same"); });
    run({.backend = "io_uring"}, [](nursery&) {});
  });
}
WAY(run_in_a_run_that_is_stuck) {
  event e;
  run([&](nursery&) { run([&] { return e.wait(); }); });
}
// The outer run's thread sets what the inner run waits for.
WAY(run_that_waits_for_the_outer_ones_thread) {
  event e;
  run([&](nursery& n) {
    n.start(on_thread, [&] {
      std::this_thread::sleep_for(20ms);
      e.set();
    });
    run([&] { return e.wait(); });
    say("set");
  });
}
