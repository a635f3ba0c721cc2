// Children on other threads: taken, run, helped out with, cancelled, ended, each exactly once.

#include "twin.hpp"

#include <optional>
#include <stdexcept>
#include <string>

namespace kettle::twins {
namespace {

using namespace std::chrono_literals;

constexpr thread_pool_options of_one{.workers = 1};

// A place whose one child a thread of the twin's takes: fewer steps than a pool takes.
class by_hand {
 public:
  static constexpr bool is_place = true;
  void launch(placed_child_base& c) const {
    c.begin_remote(queue_);  // nobody has been cancelled yet
    ticket_ = &c.ticket();
  }
  void run_it() {
    placed_child_base* c = ticket_->take();
    ticket_->drop();
    if (c) c->run_remote();
  }
  void fail_it() {
    placed_child_base* c = ticket_->take();
    ticket_->drop();
    if (!c) return;
    c->fail(std::make_exception_ptr(std::runtime_error("no room")));
    c->end_unrun();
  }

 private:
  struct queue final : job_queue {};
  mutable queue queue_;
  mutable queue_ticket* ticket_ = nullptr;
};

// What its future says of a child that may have been cancelled.
bool gave_a_value(future<int>& f) {
  try {
    return f.get() == 7;
  } catch (const cancelled&) {
    return false;
  }
}

}  // namespace
}  // namespace kettle::twins

TWIN(remote_child, brings_its_value_and_what_was_written_before_it) {
  testing::var<int> handed = 0, written = 0;
  run([&](nursery& n) {
    handed = 1;
    auto f = n.start(on_thread, [&] {
      testing::check(handed == 1, "it sees what was written before its start");
      written = 1;
      return 7;
    });
    testing::check(f.get() == 7 && written == 1, "and its nursery what it has written");
  });
}

TWIN(remote_child, that_is_cancelled_runs_to_its_end_or_never_starts) {
  atomic<int> ran{0};
  bool got = false;
  run([&](nursery& n) {
    auto f = n.start(on_thread, [&] {
      ran.fetch_add(1, relaxed);
      return 7;
    });
    f.cancel();
    f.cancel();
    got = gave_a_value(f);
  });
  testing::check(ran.load(relaxed) == got, "cancelled means it did not happen");
}

TWIN(remote_child, whose_nursery_is_cancelled_waits_no_more) {
  atomic<bool> told{false};
  bool began = run([&](nursery& n) {
    atomic<bool> runs{false};
    with_nursery([&](nursery& inner) {
      inner.start(on_thread, [&] {
        runs.store(true, relaxed);
        try {
          sleep_forever().get();
        } catch (const cancelled&) {
          told.store(true, relaxed);
          throw;
        }
      });
      inner.cancel();
    }).get();
    (void)n;
    return runs.load(relaxed);
  });
  testing::check(told.load(relaxed) == began, "it is told if it has begun");
}

TWIN(remote_child, that_waits_is_ended_by_the_deadline_around_it) {
  time_point end = clock::now() + 1ms;
  auto waits = [end] {
    testing::check(current_deadline() <= end, "it has come along");
    sleep_forever().get();
  };
  testing::check(!move_on_after(1ms, on_thread(waits)).get(), "nothing else could end it");
  testing::check(clock::now() >= end, "no sooner");
}

TWIN(remote_child, that_fails_cancels_its_sibling_and_is_heard_once) {
  std::string error;
  try {
    with_nursery([](nursery& n) {
      n.start(on_thread, [] { throw std::runtime_error("spilt"); });
      n.start([] { return sleep_forever(); });
    }).get();
  } catch (const error_group& e) {
    error = e.errors().size() == 1 ? describe(e.errors().front()) : "several";
  }
  testing::check(error == "spilt", "one error, as itself");
}

TWIN(remote_child, is_run_by_its_worker_that_waits_for_it) {
  thread_pool pool(of_one);
  atomic<int> ran{0};
  auto outer = pool.start([&] {
    auto inner = pool.start([&] { return ran.fetch_add(1, relaxed) + 1; });
    return inner.get();
  });
  testing::check(outer.get() == 1 && ran.load(relaxed) == 1, "a pool of one does not block itself");
}

TWIN(remote_child, is_run_by_its_worker_that_waits_for_its_nursery) {
  thread_pool pool(of_one);
  auto outer = pool.start([&pool] {
    int ran = 0;  // on this one thread
    with_nursery([&](nursery& n) { n.start(pool, [&] { ran++; }); }).get();
    return ran;
  });
  testing::check(outer.get() == 1, "a pool of one does not block itself");
}

// Nobody looks into its queue before its nursery has ended.
TWIN(remote_child, that_is_queued_is_taken_back_at_once) {
  by_hand queue;
  auto cancels = [&](nursery& n) {
    n.start(queue, [] { testing::check(false, "cancelled means it does not happen"); });
    n.cancel();
  };
  with_nursery(cancels).get();
  testing::thread worker("worker", [&] { queue.run_it(); });
}

// The worker comes when its child is being taken back, and goes on to end while it goes.
TWIN(remote_child, that_is_taken_back_leaves_an_empty_ticket) {
  by_hand queue;
  std::optional<testing::thread> worker;
  auto cancels = [&](nursery& n) {
    n.start(queue, [] {});
    worker.emplace("worker", [&] { queue.run_it(); });
    n.cancel();
  };
  with_nursery(cancels).get();
}

TWIN(remote_child, that_is_queued_when_its_pool_closes_runs_or_is_cancelled) {
  atomic<int> ran{0};
  bool got = false;
  try {
    run([&](nursery& n) {
      future<int> f;
      {
        thread_pool pool(of_one);
        f = n.start(pool, [&] {
          ran.fetch_add(1, relaxed);
          return 7;
        });
      }
      got = gave_a_value(f);
    });
  } catch (const cancelled&) {
    testing::check(!got, "goes on up if nobody in here has asked for it");
  }
  testing::check(ran.load(relaxed) == got, "cancelled means it did not happen");
}

TWIN(remote_child, that_is_abandoned_keeps_nobody) {
  run([](nursery& n) {
    auto f = n.start(abandon, on_thread, [] { return 7; });
    f.cancel();
    gave_a_value(f);
  });
}

TWIN(remote_child, follows_another_one_on_the_same_thread) {
  testing::var<int> count = 0;
  run([&](nursery& n) {
    thread_pool pool(of_one);
    auto one = n.start(pool, [&] { count = count + 1; });
    auto two = n.start(pool, [&] { count = count + 1; });
    two.get();
    one.get();
  });
  testing::check(count == 2, "one after the other");
}

// Cancelled at its start, it is ended there: its ticket must be empty then, or who waits runs it.
TWIN(remote_child, never_runs_if_a_worker_starts_it_in_a_cancelled_nursery) {
  thread_pool pool(of_one);
  pool.start([&pool] {
        with_nursery([&](nursery& n) {
          n.cancel();
          n.start(pool, [] { testing::check(false, "cancelled means it does not happen"); });
        }).get();
      })
      .get();
}

TWIN(remote_child, never_runs_if_a_thread_awaits_it_in_a_cancelled_scope) {
  run([](nursery& n) {
    n.start(on_thread, [] {
      cancel_scope s;
      s.cancel();
      auto runs = [] { testing::check(false, "cancelled means it does not happen"); };
      in_scope(s, on_thread(runs)).get();
      testing::check(s.caught(), "the call was cancelled");
    });
  });
}

TWIN(remote_child, never_runs_if_its_sibling_failed_before_its_start) {
  thread_pool pool(of_one);
  auto errors = pool.start([&pool] {
    std::size_t heard = 0;
    try {
      with_nursery([&](nursery& n) {
        auto first = n.start(pool, [] { throw std::runtime_error("spilt"); });
        try {
          first.get();
        } catch (const cancelled&) {}
        n.start(pool, [] { testing::check(false, "cancelled means it does not happen"); });
      }).get();
    } catch (const error_group& e) {
      heard = e.errors().size();
    }
    return heard;
  });
  testing::check(errors.get() == 1, "one error is heard");
}

// Its end is counted before anybody hears of it: or the count would be wrong when it matters.
TWIN(remote_child, that_another_thread_fails_hides_no_deadlock) {
  by_hand place;
  event never_set;
  bool told = false;
  std::optional<testing::thread> ender;
  try {
    run([&](nursery& n) -> task<> {
      auto f = n.start(as_outcome, place, [] { return 7; });
      ender.emplace("ender", [&] { place.fail_it(); });
      testing::check(!(co_await f).has_value(), "it did not run");
      co_await never_set.wait();
    });
  } catch (const deadlock_error&) {
    told = true;
  }
  ender->join();
  testing::check(told, "nobody can set it");
}
