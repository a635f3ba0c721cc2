#include "twin.hpp"

#include "sys/futex.hpp"
#include "threads/worker_pool.hpp"

#include <memory>

namespace kettle::twins {

namespace {

// Returns when so many have come: a wait without a loop, in a few steps.
class meeting {
 public:
  explicit meeting(std::uint32_t of) : of_(of) {}
  void come() {
    if (arrived_.fetch_add(1, acq_rel) + 1 == of_) return void(sys::futex_wake(arrived_));
    for (std::uint32_t n; (n = arrived_.load(acquire)) < of_;) sys::futex_wait(arrived_, n);
  }

 private:
  const std::uint32_t of_;
  atomic<std::uint32_t> arrived_{0};
};

// Ways a task of a pool may end for whoever started it.
enum class end { value, cancelled, refused };
template <class Start> end end_of(Start start) {
  try {
    testing::check(start().get() == 7, "the result is the task's");
    return end::value;
  } catch (const cancelled&) {
    return end::cancelled;
  } catch (const usage_error&) {
    return end::refused;
  }
}

// The pool's engine alone, whose workers do not spin before they sleep: to spin is 128 steps in
// which nothing happens. Set through private members, which an instantiation may name.
void never_spin(worker_pool& engine);
template <auto Lot, auto Spins, auto Waits> struct opened {
  friend void never_spin(worker_pool& engine) {
    (engine.*Lot.*Spins).store(0, relaxed);
    (engine.*Lot.*Waits).store(1, relaxed);
  }
};
struct bare_pool : pool_calls<bare_pool> {
  explicit bare_pool(std::uint32_t width) : engine(width) { never_spin(engine); }
  void launch(placed_child_base& c) const { engine.launch(c); }
  void launch_own(placed_child_base& c) { engine.launch(c); }
  std::size_t width() const noexcept { return engine.width(); }
  pool_close<bare_pool> close(close_mode mode) noexcept { return {*this, mode}; }
  // As thread_pool's.
  bool begin_close(wait_point& w, close_mode mode) {
    engine.close(mode);
    return engine.when_left(w);
  }
  void end_close() noexcept { engine.join(); }
  static constexpr const char* close_name = "close";
  mutable worker_pool engine;
};

// A task that says whether it ran.
struct job {
  atomic<int> ran{0};
  testing::var<int> written;
  auto call() {
    written = 1;
    return [this] {
      testing::check(written == 1, "a task sees what its starter wrote before");
      ran.fetch_add(1, relaxed);
      return 7;
    };
  }
  void ran_only_if(end e) {
    testing::check(ran.load(relaxed) == (e == end::value), "it runs once, or is told not to have");
  }
};

}  // namespace

}  // namespace kettle::twins

template struct kettle::twins::opened<&kettle::worker_pool::lot_, &kettle::parking::spins_,
                                      &kettle::parking::waits_>;

TWIN(pool_close, a_task_from_outside_gives_its_result) {
  job one;
  {
    bare_pool pool(1);
    auto f = pool.start(one.call());
    testing::check(f.get() == 7, "the result is the task's");
  }
  one.ran_only_if(end::value);
}

TWIN(pool_close, the_destructor_ends_what_nobody_has_waited_for) {
  job one;
  future<int> kept;
  {
    thread_pool pool({.workers = 1});
    kept = pool.start(one.call());
  }
  testing::check(kept.done(), "it has ended with the pool");
  one.ran_only_if(end_of([&] { return std::move(kept); }));
}

TWIN(pool_close, drain_runs_what_was_started_before) {
  job one, other;
  thread_pool pool({.workers = 1});
  auto f = pool.start(one.call());
  auto g = pool.start(other.call());
  pool.close(close_mode::drain).get();
  testing::check(f.done() && g.done(), "all has ended");
  one.ran_only_if(end_of([&] { return std::move(f); }));
  other.ran_only_if(end_of([&] { return std::move(g); }));
  testing::check(one.ran.load(relaxed) + other.ran.load(relaxed) == 2, "drain runs it");
}

TWIN(pool_close, start_against_drain_runs_or_is_refused) {
  job one;
  thread_pool pool({.workers = 1});
  end e{};
  testing::thread starter("starter", [&] { e = end_of([&] { return pool.start(one.call()); }); });
  pool.close(close_mode::drain).get();
  starter.join();
  one.ran_only_if(e);
  testing::check(e != end::cancelled, "drain cancels nothing");
}

// The same where a worker is there, and leaves.
TWIN(pool_close, start_against_drain_of_a_worker_runs_or_is_refused) {
  job first, one;
  bare_pool pool(1);
  pool.start(first.call()).get();
  end e{};
  testing::thread starter("starter", [&] { e = end_of([&] { return pool.start(one.call()); }); });
  pool.close(close_mode::drain).get();
  starter.join();
  one.ran_only_if(e);
  testing::check(e != end::cancelled, "drain cancels nothing");
}

TWIN(pool_close, start_against_cancel_is_refused_or_cancelled) {
  event never_set;
  auto waits = [&] {
    never_set.wait().get();
    return 7;
  };
  thread_pool pool({.workers = 1});
  end e{};
  testing::thread starter("starter", [&] { e = end_of([&] { return pool.start(waits); }); });
  pool.close(close_mode::cancel).get();
  starter.join();
  testing::check(e != end::value, "it is refused, cancelled before, or asked");
}

// A worker is there, and the starter may make a second one while the first is leaving for good.
// Disabled: threads/the_last_worker_leaves_twice is a crash, which ends the explorer too.
TWIN(pool_close, a_second_worker_comes_while_the_first_leaves) {
  job one;
  bare_pool pool(2);
  pool.start([] {});
  future<int> f;
  testing::thread starter("starter", [&] { f = pool.start(one.call()); });
  pool.close(close_mode::drain).get();
  starter.join();
  end e = end_of([&] { return std::move(f); });
  one.ran_only_if(e);
  testing::check(e != end::cancelled, "drain cancels nothing");
}

TWIN(pool_close, cancel_asks_a_task_that_waits) {
  thread_pool pool({.workers = 1});
  event never_set;
  auto f = pool.start([&] {
    never_set.wait().get();
    return 7;
  });
  pool.close(close_mode::cancel).get();
  testing::check(f.done(), "all has ended");
  testing::check(end_of([&] { return std::move(f); }) == end::cancelled, "it was cancelled");
}

TWIN(pool_close, cancel_asks_tasks_that_wait_on_two_workers) {
  bare_pool pool(2);
  event never_set;
  auto waits = [&] {
    never_set.wait().get();
    return 7;
  };
  auto f = pool.start(waits);
  auto g = pool.start(waits);
  pool.close(close_mode::cancel).get();
  testing::check(f.done() && g.done(), "all has ended");
  testing::check(end_of([&] { return std::move(f); }) == end::cancelled, "it was cancelled");
  testing::check(end_of([&] { return std::move(g); }) == end::cancelled, "it was cancelled");
}

TWIN(pool_close, close_in_a_task_is_refused) {
  thread_pool pool({.workers = 1});
  auto f = pool.start([&] {
    try {
      pool.close(close_mode::drain).get();
    } catch (const usage_error&) {
      return 7;
    }
    return 0;
  });
  testing::check(f.get() == 7, "a task cannot wait for its pool's end");
}

// Two tasks that need each other run at the same time, if there are two workers.
TWIN(pool_close, two_tasks_that_meet_run_on_two_workers) {
  meeting both(2);
  bare_pool pool(2);
  auto meets = [&] { both.come(); };
  pool.start(meets);
  pool.start(meets).get();
}

TWIN(pool_close, two_tasks_that_meet_are_drained_by_two_workers) {
  meeting both(2);
  bare_pool pool(2);
  auto meets = [&] { both.come(); };
  auto f = pool.start(meets);
  auto g = pool.start(meets);
  pool.close(close_mode::drain).get();
  testing::check(f.done() && g.done(), "they have met");
}

// A worker that was looking is told of two tasks in another one's deque, and can take one: it calls
// a third.
TWIN(pool_close, who_was_told_of_two_tasks_calls_another) {
  meeting all(3);
  bare_pool pool(3);
  auto meets = [&] { all.come(); };
  auto f = pool.start([&] {
    pool.start(meets);
    pool.start(meets);
    all.come();
  });
  pool.start([] {});
  f.get();
}

TWIN(pool_close, a_task_may_wait_for_one_of_its_own_pool) {
  bare_pool pool(1);
  job inner;
  auto outer = pool.start([&] { return pool.start(inner.call()).get(); });
  testing::check(outer.get() == 7, "a pool of one does not block itself");
  inner.ran_only_if(end::value);
}

TWIN(pool_close, a_task_that_waits_helps_or_another_worker_does) {
  bare_pool pool(2);
  job inner;
  auto outer = pool.start([&] { return pool.start(inner.call()).get(); });
  testing::check(outer.get() == 7, "the task that was waited for has run");
  inner.ran_only_if(end::value);
}

// Its task is queued in the worker's own deque when the pool closes.
TWIN(pool_close, drain_runs_what_a_task_has_started) {
  job inner;
  thread_pool pool({.workers = 1});
  future<int> kept;
  auto outer = pool.start([&] {
    try {
      kept = pool.start(inner.call());
    } catch (const usage_error&) {
      return 8;
    }
    return 7;
  });
  pool.close(close_mode::drain).get();
  if (outer.get() == 7) {
    testing::check(kept.done(), "all has ended");
    inner.ran_only_if(end_of([&] { return std::move(kept); }));
    testing::check(inner.ran.load(relaxed) == 1, "drain runs it");
  }
}

TWIN(pool_close, a_cancelled_task_has_run_or_never_will) {
  job one;
  thread_pool pool({.workers = 1});
  auto f = pool.start(one.call());
  f.cancel();
  one.ran_only_if(end_of([&] { return std::move(f); }));
}
// Whoever of the two goes last: the pool's own thread cannot wait for itself.
TWIN(pool_close, by_its_own_task_leaves_the_rest_to_its_last_thread) {
  event never_set;
  auto pool = std::make_shared<thread_pool>(thread_pool_options{.workers = 2});
  auto waits = pool->start([&] {
    never_set.wait().get();
    return 7;
  });
  auto lets_go = pool->start([mine = pool]() mutable {
    mine.reset();
    return 7;
  });
  pool.reset();
  testing::check(end_of([&] { return std::move(lets_go); }) != end::refused, "it was started");
  testing::check(end_of([&] { return std::move(waits); }) == end::cancelled, "it is asked to end");
}
