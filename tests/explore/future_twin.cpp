// The future's word between whoever completes it, waits, gives up waiting, or drops it.

#include "twin.hpp"

namespace kettle::twins {
namespace {

using namespace std::chrono_literals;

// A result that counts how many of it there are.
struct counted {
  explicit counted(atomic<int>& n) noexcept : living(&n) { living->fetch_add(1, relaxed); }
  counted(counted&& o) noexcept : living(o.living) { living->fetch_add(1, relaxed); }
  counted& operator=(counted&&) = delete;
  ~counted() { living->fetch_sub(1, relaxed); }
  atomic<int>* living;
};

// A result that looks at a variable when it is taken.
struct witness {
  explicit witness(testing::var<int>& v) noexcept : written(&v) {}
  witness(witness&& o) : written(o.written) {
    testing::check(*written == 1, "what was written before is seen");
  }
  witness& operator=(witness&&) = delete;
  testing::var<int>* written;
};

constexpr thread_pool_options of_one{.workers = 1};

// A pool whose one task a thread of the twin's runs: fewer steps than a real one takes.
class by_hand : public pool_calls<by_hand> {
 public:
  void launch_own(placed_child_base& c) {
    c.begin_remote(queue_);
    task_ = &c.ticket();
  }
  void run_it() {
    placed_child_base* c = task_->take();
    task_->drop();
    if (c) c->run_remote();
  }

 private:
  struct queue final : job_queue {};
  queue queue_;
  queue_ticket* task_ = nullptr;
};

}  // namespace
}  // namespace kettle::twins

TWIN(future, brings_the_value_and_all_that_was_written_before_it) {
  thread_pool pool(of_one);
  testing::var<int> written = 0;
  auto f = pool.start([&] {
    written = 1;
    return witness(written);
  });
  if (testing::choose(2) && f.done())
    testing::check(written == 1, "done is said after all that was done");
  testing::check(f.get().written == &written, "the value arrives");
  testing::check(!f.valid(), "and can be taken once");
}

TWIN(future, dropped_while_its_task_ends_leaves_nothing_behind) {
  atomic<int> living{0}, ran{0};
  {
    thread_pool pool(of_one);
    {
      auto f = pool.start([&] {
        ran.fetch_add(1, relaxed);
        return counted(living);
      });
    }
    pool.close(close_mode::drain).get();
  }
  testing::check(ran.load(relaxed) == 1, "dropping it cancels nothing");
  testing::check(living.load(relaxed) == 0, "the result goes, once");
}

TWIN(future, outlives_its_pool) {
  atomic<int> ran{0};
  future<int> f;
  {
    thread_pool pool(of_one);
    f = pool.start([&] {
      ran.fetch_add(1, relaxed);
      return 7;
    });
  }
  bool got = false;
  try {
    got = f.get() == 7;
  } catch (const cancelled&) {}
  testing::check(got == (ran.load(relaxed) == 1), "a value if it ran, `cancelled` if it did not");
}

TWIN(future, whose_wait_is_cancelled_can_be_awaited_again) {
  atomic<int> living{0};
  {
    by_hand pool;
    auto f = pool.start([&] { return counted(living); });
    testing::thread worker("worker", [&] { pool.run_it(); });
    cancel_scope s;
    testing::thread canceller("canceller", [h = s.handle()] { h.cancel(); });
    if (auto got = in_scope(s, f).get()) {
      testing::check(!f.valid(), "the value has been taken");
    } else {
      testing::check(s.caught() && f.valid(), "cancelled means that nothing was taken");
      testing::check(f.get().living == &living, "the value is still there");
    }
  }
  testing::check(living.load(relaxed) == 0, "there is one value");
}

TWIN(future, whose_wait_is_over_by_its_deadline_can_be_awaited_again) {
  thread_pool pool(of_one);
  testing::var<int> written = 0;
  auto f = pool.start([&] {
    written = 1;
    return 7;
  });
  auto got = move_on_after(1ms, f).get();
  if (!got) got = f.get();
  testing::check(*got == 7 && written == 1, "the value comes once, sooner or later");
}

TWIN(future, cancels_its_task_wherever_that_is) {
  thread_pool pool(of_one);
  atomic<int> ran{0};
  auto f = pool.start([&] {
    ran.fetch_add(1, relaxed);
    return 7;
  });
  f.cancel();
  f.cancel();
  bool got = false;
  try {
    got = f.get() == 7;
  } catch (const cancelled&) {}
  testing::check(ran.load(relaxed) == got, "cancelled means it did not happen");
}

TWIN(future, cancels_what_its_task_waits_for) {
  thread_pool pool(of_one);
  auto f = pool.start([] { sleep_forever().get(); });
  f.cancel();
  bool ended = false;
  try {
    f.get();
  } catch (const cancelled&) {
    ended = true;
  }
  testing::check(ended, "whether it had begun or not");
}

TWIN(future, calls_back_once) {
  int calls = 0;  // ordered by the pool's end
  {
    thread_pool pool(of_one);
    testing::var<int> written = 0;
    pool.start([&] {
          written = 1;
          return 7;
        })
        .on_done([&](const outcome<int>& o) {
          calls += o && *const_cast<outcome<int>&>(o) == 7;
          testing::check(written == 1, "after what was written");
        });
    pool.close(close_mode::drain).get();
  }
  testing::check(calls == 1, "the callback runs once");
}

TWIN(future, of_a_child_on_a_loop_is_awaited_on_another_thread) {
  testing::var<int> written = 0;
  run([&](nursery& n) -> task<> {
    auto answers = [&]() -> task<int> {
      co_await yield();
      written = 1;
      co_return 7;
    };
    auto f = n.start(answers);
    testing::thread waiter("waiter", [&] {
      testing::check(f.get() == 7, "the value arrives there");
      testing::check(written == 1, "with what was written before");
    });
    co_await yield();
    co_await yield();
  });
}

TWIN(future, in_a_select_is_taken_or_left_as_it_was) {
  by_hand pool;
  auto f = pool.start([] { return 7; });
  testing::thread worker("worker", [&] { pool.run_it(); });
  auto got = select(f, sleep_for(1ms)).get();
  if (got.index() == 0) {
    testing::check(std::get<0>(got) == 7 && !f.valid(), "the value has been taken");
  } else {
    testing::check(f.valid() && f.get() == 7, "the value is still there");
  }
}

// The select's frame goes while the completer, which has seen its wait, is about to touch it.
TWIN(future, in_a_select_that_another_wait_ends_is_let_go_by_who_completes_it) {
  by_hand pool;
  event e;
  auto f = pool.start([&] {
    e.set();
    return 7;
  });
  testing::thread worker("worker", [&] { pool.run_it(); });
  {
    auto got = select(e.wait(), f).get();
    if (got.index() == 1) return testing::check(std::get<1>(got) == 7, "the value arrives");
  }
  testing::check(f.get() == 7, "the value is still there");
}

TWIN(future, in_a_select_that_is_cancelled_is_left_as_it_was) {
  by_hand pool;
  event never;
  auto f = pool.start([] { return 7; });
  testing::thread worker("worker", [&] { pool.run_it(); });
  cancel_scope s(clock::now() + 1ms);
  auto got = in_scope(s, select(never.wait(), f)).get();
  testing::check(got.has_value() != f.valid(), "it is taken or it is not");
  testing::check((got ? std::get<1>(*got) : f.get()) == 7, "the value comes once");
}

TWIN(future, in_a_select_wakes_it) {
  by_hand pool;
  event never;
  auto f = pool.start([] { return 7; });
  testing::thread worker("worker", [&] { pool.run_it(); });
  auto got = select(f, never.wait()).get();
  testing::check(std::get<0>(got) == 7, "the value arrives");
}

TWIN(future, cancels_a_child_of_another_thread_that_waits) {
  bool cut = false;
  run([&cut](nursery& n) -> task<> {
    auto f = n.start(sleep_forever);
    testing::thread other("other", [&f] { f.cancel(); });
    outside_waker foreign;
    try {
      co_await f;
    } catch (const cancelled&) {
      cut = true;
    }
    other.join();
  });
  testing::check(cut, "nothing else could end it");
}

// The request meets a child that is about to end, or finds it ended.
TWIN(future, cancels_a_child_of_another_thread_that_ends) {
  atomic<int> living{0};
  run([&living](nursery& n) -> task<> {
    auto f = n.start([&living]() -> task<counted> {
      co_await yield();
      co_return counted(living);
    });
    testing::thread other("other", [g = std::move(f)]() mutable {
      g.cancel();
      auto dropped = std::move(g);
    });
    co_await yield();
    other.join();
  });
  testing::check(living.load(relaxed) == 0, "its result has gone");
}
