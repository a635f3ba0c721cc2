#include "twin.hpp"

#include "sys/futex.hpp"
#include "threads/lane.hpp"

#include <memory>

namespace kettle::twins {

namespace {

using namespace std::chrono_literals;

// So long that a thread which should have been told, and was not, is one that waits for ever.
constexpr duration for_ever = duration::max();

// A lane as a pool, as its tests have it.
struct lane_pool : pool_calls<lane_pool> {
  explicit lane_pool(lane_options o = {}) : engine(o) {}
  void launch(placed_child_base& c) const { engine.launch(c); }
  void launch_own(placed_child_base& c) { engine.launch(c); }
  std::size_t width() const noexcept { return engine.width(); }
  void close(close_mode mode) {
    engine.close(mode);
    engine.join();
  }
  mutable lane engine;
};

// A job that says whether it ran, and how many run at once.
struct job {
  atomic<int> ran{0};
  testing::var<int> written;
  auto call(int result = 7) {
    written = 1;
    return [this, result] {
      testing::check(written == 1, "a job sees what its starter wrote before");
      ran.fetch_add(1, relaxed);
      return result;
    };
  }
};

// Returns when two have come: a wait without a loop, in a few steps.
class meeting {
 public:
  void come() {
    if (arrived_.fetch_add(1, acq_rel) + 1 == 2) return void(sys::futex_wake(arrived_));
    while (arrived_.load(acquire) < 2) sys::futex_wait(arrived_, 1);
  }

 private:
  atomic<std::uint32_t> arrived_{0};
};

enum class end { value, cancelled, refused };
end end_of(future<int> f) {
  try {
    testing::check(f.get() == 7, "the result is the job's");
    return end::value;
  } catch (const cancelled&) {
    return end::cancelled;
  } catch (const usage_error&) {
    return end::refused;
  }
}

}  // namespace

}  // namespace kettle::twins

// The second job comes while the thread of the first is at work, idle, about to leave because its
// idle time is over (the clock's jump), or gone.
TWIN(blocking_pool, a_job_meets_a_thread_whose_time_is_over) {
  lane_pool pool({.most_threads = 1, .idle_time = 1ms});
  job one, other;
  testing::check(pool.start(one.call()).get() == 7, "the first job is run");
  testing::check(pool.start(other.call()).get() == 7, "the second job is run");
  testing::check(pool.engine.stats().threads <= 1, "never more threads than the limit");
}

TWIN(blocking_pool, a_job_is_handed_to_the_idle_thread) {
  lane_pool pool({.most_threads = 1, .idle_time = for_ever});
  job one, other;
  pool.start(one.call()).get();
  pool.start(other.call()).get();
  lane_stats s = pool.engine.stats();
  testing::check(one.ran.load(relaxed) == 1 && other.ran.load(relaxed) == 1, "each runs once");
  testing::check(s.threads_made == 1 && s.queued == 0, "one thread is enough");
}

// At the limit: the job waits, and whoever becomes free must take it.
TWIN(blocking_pool, a_job_that_waits_at_the_limit_is_run) {
  lane_pool pool({.most_threads = 1, .idle_time = 1ms});
  job one, other;
  auto f = pool.start(one.call());
  auto g = pool.start(other.call());
  testing::check(f.get() == 7 && g.get() == 7, "both are run");
}

TWIN(blocking_pool, two_starters_share_one_thread) {
  lane_pool pool({.most_threads = 1, .idle_time = 1ms});
  job one, other;
  future<int> f;
  testing::thread starter("starter", [&] { f = pool.start(one.call()); });
  pool.start(other.call()).get();
  starter.join();
  testing::check(f.get() == 7, "both are run");
}

TWIN(blocking_pool, two_starters_make_no_thread_too_many) {
  lane_pool pool({.most_threads = 1, .idle_time = for_ever});
  atomic<int> at_once{0};
  auto alone = [&] {
    testing::check(at_once.fetch_add(1, relaxed) == 0, "one thread runs one job at a time");
    at_once.fetch_sub(1, relaxed);
  };
  future<void> f;
  testing::thread starter("starter", [&] { f = pool.start(alone); });
  pool.start(alone).get();
  starter.join();
  f.get();
  testing::check(pool.engine.stats().threads_made == 1, "it was the only one");
}

// Two that wait for each other need two threads, whoever of them is idle or just leaving.
TWIN(blocking_pool, two_jobs_that_meet_get_two_threads) {
  lane_pool pool({.most_threads = 2, .idle_time = 1ms});
  meeting both;
  auto meets = [&] { both.come(); };
  auto f = pool.start(meets);
  auto g = pool.start(meets);
  f.get();
  g.get();
  testing::check(pool.engine.stats().threads_made <= 2, "two threads are enough");
}

TWIN(blocking_pool, drain_runs_what_waits) {
  lane_pool pool({.most_threads = 1, .idle_time = for_ever});
  job one, other;
  auto f = pool.start(one.call());
  auto g = pool.start(other.call());
  pool.close(close_mode::drain);
  testing::check(f.done() && g.done(), "all has ended");
  testing::check(one.ran.load(relaxed) + other.ran.load(relaxed) == 2, "drain runs it");
}

TWIN(blocking_pool, cancel_asks_what_runs_and_ends_what_waits) {
  lane_pool pool({.most_threads = 1, .idle_time = for_ever});
  event never_set;
  job queued;
  auto f = pool.start([&] {
    never_set.wait().get();
    return 7;
  });
  auto g = pool.start(queued.call());
  pool.close(close_mode::cancel);
  testing::check(f.done() && g.done(), "all has ended");
  testing::check(end_of(std::move(f)) == end::cancelled, "what runs is asked");
  testing::check(end_of(std::move(g)) == end::cancelled && queued.ran.load(relaxed) == 0,
                 "what waits never begins");
}

TWIN(blocking_pool, cancel_meets_a_thread_whose_time_is_over) {
  lane_pool pool({.most_threads = 1, .idle_time = 1ms});
  job one;
  pool.start(one.call()).get();
  pool.close(close_mode::cancel);
  testing::check(pool.engine.stats().threads == 0, "no thread is left");
}

TWIN(blocking_pool, start_against_drain_runs_or_is_refused) {
  lane_pool pool({.most_threads = 1, .idle_time = for_ever});
  job one;
  end e{};
  testing::thread starter("starter", [&] { e = end_of(pool.start(one.call())); });
  pool.engine.close(close_mode::drain);
  starter.join();
  testing::check(e != end::cancelled, "drain cancels nothing");
  testing::check(one.ran.load(relaxed) == (e == end::value), "it runs once, or is refused");
}

TWIN(blocking_pool, start_against_cancel_is_refused_or_cancelled) {
  lane_pool pool({.most_threads = 1, .idle_time = for_ever});
  event never_set;
  end e{};
  auto waits = [&] {
    never_set.wait().get();
    return 7;
  };
  testing::thread starter("starter", [&] { e = end_of(pool.start(waits)); });
  pool.close(close_mode::cancel);
  starter.join();
  testing::check(e != end::value, "it is refused, cancelled before, or asked");
}

// Abandoned: join() does not wait for it. It owns what it uses, and outlives the lane or comes back
// to it, whichever is first.
TWIN(blocking_pool, an_abandoned_job_may_outlive_the_lane) {
  struct owned {
    atomic<std::uint32_t> go{0};
    void let_go() {
      go.store(1, release);
      sys::futex_wake(go);
    }
  };
  auto its = std::make_shared<owned>();
  bool early = testing::choose(2);
  {
    lane_pool pool({.most_threads = 1});
    with_nursery([&](nursery& n) {
      n.start(abandon, pool, [its] {
        while (its->go.load(acquire) == 0) sys::futex_wait(its->go, 0);
      });
      n.cancel();
    }).get();
    if (early) its->let_go();
  }
  if (!early) its->let_go();
}

// It comes back while the lane is still there: its thread goes on with what waits.
TWIN(blocking_pool, after_an_abandoned_job_its_thread_goes_on) {
  lane_pool pool({.most_threads = 1, .idle_time = 1ms});
  job other;
  with_nursery([&](nursery& n) {
    n.start(abandon, pool, [] {});
    n.cancel();
  }).get();
  testing::check(pool.start(other.call()).get() == 7, "the next job is run");
}
