#include <kettle/base/assert.hpp>
#include <kettle/kettle.hpp>
#include <kettle/testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kettle::testing {
namespace {

void lost_update() {
  atomic<int> n{0};
  auto add = [&] { n.store(n.load(seq_cst) + 1, seq_cst); };
  thread other("other", add);
  add();
  other.join();
  check(n.load(seq_cst) == 2, "no update is lost");
}

class seed_in_environment {
 public:
  explicit seed_in_environment(const std::string& seed) {
    ::setenv("KETTLE_SEED", seed.c_str(), 1);
  }
  ~seed_in_environment() { ::unsetenv("KETTLE_SEED"); }
};

TEST(explore, finds_a_lost_update_with_every_strategy) {
  for (strategy s : {rotate, testing::random, pct(2), pos, dfs(1)}) {
    exploration found = explore({.strategy = s, .seeds = 1000}, lost_update);
    EXPECT_TRUE(found);
    EXPECT_EQ(found.kind, "check");
    EXPECT_NE(found.message.find("no update is lost, at "), std::string::npos) << found.message;
  }
}

TEST(explore, shows_the_schedule_and_its_seed) {
  exploration found = explore({}, lost_update);
  std::ostringstream text;
  text << found;
  EXPECT_NE(text.str().find("explore_test.cpp"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("other"), std::string::npos);
  EXPECT_NE(text.str().find("KETTLE_SEED=" + found.seed), std::string::npos);
}

TEST(explore, a_seed_fails_again_in_the_same_way) {
  exploration found = explore({}, lost_update);
  seed_in_environment seed(found.seed);
  for (int i = 0; i < 100; i++) {
    exploration again = explore({}, lost_update);
    EXPECT_EQ(again.message, found.message);
    EXPECT_EQ(again.schedules, 1u);
  }
}

TEST(explore, a_seed_that_is_none_is_refused) {
  for (const char* wrong : {"x", "1", "1.", "1.2-", "1.2 "}) {
    seed_in_environment seed(wrong);
    EXPECT_THROW(explore({}, lost_update), usage_error) << wrong;
  }
}

TEST(explore, the_shortest_schedule_has_no_switch_that_can_be_left_out) {
  exploration found = explore({.strategy = testing::random, .seeds = 1000}, lost_update);
  // One away from the first thread between its read and its write, one for the other's first step.
  EXPECT_LE(std::count(found.seed.begin(), found.seed.end(), '.'), 2) << found;
}

TEST(explore, says_when_it_has_been_everywhere) {
  exploration all = explore({.strategy = dfs(2)}, [] {
    atomic<int> n{0};
    thread other([&] { n.fetch_add(1, relaxed); });
    n.fetch_add(1, relaxed);
    other.join();
    check(n.load(relaxed) == 2, "no update is lost");
  });
  EXPECT_FALSE(all) << all;
  EXPECT_TRUE(all.exhausted);
  EXPECT_EQ(all.bound, 2u);
  EXPECT_NE(all.text().find("all with at most 2 preemptions"), std::string::npos);
}

TEST(explore, ends_with_its_seeds_and_with_its_time) {
  auto body = [] {
    atomic<int> n{0};
    auto add = [&] {
      for (int i = 0; i < 20; i++) n.fetch_add(1, relaxed);
    };
    thread a(add), b(add);
  };
  EXPECT_EQ(explore({.strategy = testing::random, .seeds = 10}, body).schedules, 10u);
  exploration none = explore({.strategy = dfs(9), .time = duration(0)}, body);
  EXPECT_EQ(none.schedules, 0u);
  EXPECT_FALSE(none.exhausted);
}

TEST(explore, a_deadlock_names_who_waits) {
  exploration found = explore({}, [] {
    semaphore a(1), b(1);
    thread other("other", [&] {
      auto first = a.acquire().get();
      auto second = b.acquire().get();
    });
    auto first = b.acquire().get();
    auto second = a.acquire().get();
  });
  EXPECT_EQ(found.kind, "deadlock");
  EXPECT_NE(found.message.find("'main'"), std::string::npos) << found.message;
  EXPECT_NE(found.message.find("'other'"), std::string::npos) << found.message;
}

TEST(explore, a_deadlock_in_run_is_one) {
  exploration found = explore({}, [] {
    event never_set;
    run([&](nursery&) { never_set.wait().get(); });
  });
  EXPECT_EQ(found.kind, "deadlock") << found;
}

TEST(explore, a_race_is_found_though_nothing_bad_came_of_it) {
  exploration found = explore({.strategy = dfs(0)}, [] {
    var<int> n = 0;
    thread other("other", [&] { n = n + 1; });
    n = n + 1;
  });
  EXPECT_EQ(found.kind, "race");
  EXPECT_NE(found.message.find("'other'"), std::string::npos) << found.message;
}

// Each way to order two accesses, and the same without it.
void expect_ordered(const std::function<void(bool ordered)>& body) {
  exploration fine = explore({.strategy = dfs(2)}, [&] { body(true); });
  EXPECT_FALSE(fine) << fine;
  EXPECT_EQ(explore({.strategy = dfs(2)}, [&] { body(false); }).kind, "race");
}

TEST(explore, release_and_acquire_order_a_variable) {
  expect_ordered([](bool ordered) {
    var<int> data = 0;
    atomic<bool> there{false};
    thread writer([&] {
      data = 1;
      there.store(true, ordered ? release : relaxed);
    });
    if (there.load(acquire)) check(data == 1, "the data have come");
  });
}

TEST(explore, a_lock_orders_a_variable) {
  expect_ordered([](bool ordered) {
    var<int> n = 0;
    mutex m;
    auto add = [&] {
      auto g = m.lock().get();
      if (!ordered) g = {};
      n = n + 1;
    };
    thread other(add);
    add();
  });
}

TEST(explore, a_read_modify_write_passes_on_what_was_released_before_it) {
  exploration fine = explore({.strategy = dfs(2)}, [] {
    var<int> data = 0;
    atomic<int> n{0};
    thread writer([&] {
      data = 1;
      n.store(1, release);
    });
    thread other([&] { n.fetch_add(1, relaxed); });
    if (n.load(acquire) == 2) check(data == 1, "the data have come");
  });
  EXPECT_FALSE(fine) << fine;
}

// Dekker: each announces itself and looks for the other.
void dekker(memory_order order) {
  atomic<int> a{0}, b{0};
  int seen_by_main = 0, seen_by_other = 0;
  thread other([&] {
    a.store(1, order);
    seen_by_other = b.load(order == release ? acquire : order);
  });
  b.store(1, order);
  seen_by_main = a.load(order == release ? acquire : order);
  other.join();
  check(seen_by_main || seen_by_other, "one of them sees the other");
}

TEST(explore, store_buffers_show_what_x86_does) {
  EXPECT_EQ(explore({.strategy = dfs(2)}, [] { dekker(release); }).kind, "check");
  EXPECT_TRUE(explore({.strategy = dfs(2)}, [] { dekker(seq_cst); }).exhausted);
  EXPECT_TRUE(explore({.strategy = dfs(2), .weak = sequential}, [] { dekker(release); }).exhausted);
}

TEST(explore, stores_of_one_thread_stay_in_order) {
  exploration fine = explore({.strategy = dfs(2)}, [] {
    atomic<int> a{0}, b{0};
    thread writer([&] {
      a.store(1, relaxed);
      b.store(1, relaxed);
    });
    int second = b.load(relaxed), first = a.load(relaxed);
    check(first >= second, "the first is visible when the second is");
  });
  EXPECT_TRUE(fine.exhausted) << fine;
}

TEST(explore, the_use_of_what_has_ended_is_found) {
  exploration found = explore({}, [] {
    auto e = std::make_unique<event>();
    thread setter("setter", [late = e.get()] { late->set(); });
    e.reset();
  });
  EXPECT_EQ(found.kind, "use after end") << found;
}

TEST(explore, a_node_that_never_comes_back_is_a_leak) {
  exploration found = explore({}, [] { allocate_block(40); });
  EXPECT_EQ(found.kind, "leak");
}

TEST(explore, a_schedule_without_end_is_told) {
  exploration found = explore({.most_points = 1000}, [] {
    atomic<bool> ready{false};
    while (!ready.load(acquire)) {}
  });
  EXPECT_EQ(found.kind, "endless");
  EXPECT_NE(found.message.find("explore_test.cpp"), std::string::npos) << found.message;
}

TEST(explore, an_exception_that_leaves_a_thread_is_told) {
  auto fails = [] { throw std::runtime_error("boiled over"); };
  exploration found = explore({}, fails);
  EXPECT_EQ(found.kind, "exception");
  EXPECT_NE(found.message.find("boiled over"), std::string::npos);
  EXPECT_EQ(explore({}, [&] { thread t(fails); }).kind, "exception");
}

TEST(explore, terminate_and_assertions_end_the_schedule_and_not_the_program) {
  EXPECT_EQ(explore({}, [] { std::terminate(); }).kind, "terminate");
  EXPECT_EQ(explore({}, [] { KETTLE_ASSERT(1 > 2, "one is not more than two"); }).kind,
            "assertion");
}

TEST(explore, a_crash_says_how_to_come_there_again) {
  if (KETTLE_SANITIZED) GTEST_SKIP() << "AddressSanitizer reports it";
  auto crashes = [] {
    atomic<int*> n{nullptr};
    thread other([&] { n.store(nullptr, seq_cst); });
    *n.load(seq_cst) = 1;
  };
  EXPECT_DEATH(explore({}, crashes), "signal 11 in a schedule.*KETTLE_SEED=");
}

TEST(explore, a_body_that_is_not_the_same_each_time_is_told) {
  int calls = 0;
  exploration found = explore({}, [&] {
    atomic<int> n{0};
    for (int i = 0; i <= calls; i++) n.fetch_add(1, relaxed);
    calls++;
  });
  EXPECT_EQ(found.kind, "nondeterminism");
}

TEST(explore, time_is_virtual_and_a_timer_may_come_at_any_point) {
  int early = 0, late = 0;
  exploration fine = explore({.strategy = dfs(1)}, [&] {
    event done;
    thread setter([&] { done.set(); });
    bool in_time = false;
    move_on_after(std::chrono::hours(1), [&] { return done.wait(); }).get();
    in_time = done.is_set();
    (in_time ? early : late)++;
  });
  EXPECT_TRUE(fine.exhausted) << fine;
  EXPECT_GT(early, 0);
  EXPECT_GT(late, 0);
}

TEST(explore, choices_are_the_schedules) {
  std::set<unsigned> seen;
  exploration fine = explore({.strategy = dfs(0)}, [&] { seen.insert(choose(5)); });
  EXPECT_EQ(seen.size(), 5u);
  exploration found = explore({}, [] { check(choose(4) != 3, "three is not chosen"); });
  EXPECT_EQ(found.kind, "check");
}

TEST(explore, whole_programs_run_in_it) {
  exploration fine = explore({.seeds = 2000}, [] {
    int sum = run([](nursery& n) -> task<int> {
      auto a = n.start(on_thread, [] { return 1; });
      auto b = n.start(on_cores, [] { return 2; });
      auto c = n.start(on_fiber, [] { return 4; });
      int got = co_await a;
      got += co_await b;
      got += co_await c;
      co_return got;
    });
    check(sum == 7, "all answers have come");
  });
  EXPECT_FALSE(fine) << fine;
}

TEST(explore, a_seed_of_a_failure_inside_run_is_found_again) {
  auto body = [] {
    atomic<int> n{0};
    auto add = [&] { n.store(n.load(seq_cst) + 1, seq_cst); };
    thread other("other", add);
    run([&](nursery&) {
      add();
      other.join();
      check(n.load(seq_cst) == 2, "no update is lost");
    });
  };
  exploration found = explore({}, body);
  ASSERT_EQ(found.kind, "check") << found;
  EXPECT_EQ(found.message.find("did not happen again"), std::string::npos) << found.message;
  seed_in_environment seed(found.seed);
  for (int i = 0; i < 10; i++) EXPECT_EQ(explore({}, body).message, found.message);
}

TEST(explore, a_deadline_may_come_while_its_task_computes) {
  bool late = false;
  exploration fine = explore({.strategy = dfs(1)}, [&] {
    try {
      fail_after(std::chrono::milliseconds(1), []() -> task<> {
        for (int i = 0; i < 3; i++) check_cancelled();
        co_return;
      }).get();
    } catch (const timeout_error&) {
      late = true;
    }
  });
  EXPECT_TRUE(fine.exhausted) << fine;
  EXPECT_TRUE(late);
}

TEST(explore, a_race_on_the_first_variable_that_any_schedule_meets_is_found) {
  exploration found = explore({.strategy = dfs(0)}, [] {
    if (choose(2) == 0) return;
    var<int> n = 0;
    thread other([&] { n.set(1); });
    n.set(2);
  });
  EXPECT_EQ(found.kind, "race") << found;
}

TEST(explore, making_and_destroying_a_variable_are_writes) {
  exploration made = explore({.strategy = dfs(2)}, [] {
    atomic<var<int>*> p{nullptr};
    thread reader([&] {
      if (auto* v = p.load(relaxed)) v->get();
    });
    var<int> n = 7;
    p.store(&n, relaxed);
    reader.join();
  });
  EXPECT_EQ(made.kind, "race") << made;
  exploration destroyed = explore({.strategy = dfs(2)}, [] {
    auto n = std::make_unique<var<int>>(7);
    thread writer([v = n.get()] { v->set(8); });
    n.reset();
  });
  EXPECT_TRUE(destroyed.kind == "race" || destroyed.kind == "use after end") << destroyed;
}

TEST(explore, a_compare_exchange_that_fails_publishes_nothing) {
  exploration found = explore({.strategy = dfs(2)}, [] {
    var<int> data = 0;
    atomic<int> flag{5}, ready{0};
    thread writer([&] {
      data = 1;
      int wrong = 0;
      flag.compare_exchange_strong(wrong, 6, seq_cst, seq_cst);
      ready.store(1, relaxed);
    });
    if (ready.load(relaxed)) {
      flag.fetch_add(1, acquire);
      data.get();
    }
    writer.join();
  });
  EXPECT_EQ(found.kind, "race") << found;
}

TEST(explore, what_comes_after_a_delayed_release_is_not_published_by_it) {
  exploration found = explore({.strategy = dfs(2)}, [] {
    var<int> data = 0;
    atomic<int> ready{0};
    thread writer([&] {
      ready.store(1, release);
      data = 1;
    });
    if (ready.load(acquire)) data.get();
    writer.join();
  });
  EXPECT_EQ(found.kind, "race") << found;
}

TEST(explore, what_threads_of_a_failed_schedule_hold_is_not_destroyed) {
  exploration found = explore({}, [] {
    struct lockable {
      mutex m;
    };
    auto shared = std::make_shared<lockable>();
    thread other([shared] {
      auto g = shared->m.lock().get();
      check(false, "always");
    });
    shared.reset();
  });
  EXPECT_EQ(found.kind, "check") << found;
}

TEST(explore, dfs_does_not_wander) {
  auto body = [] {
    atomic<int> n{0};
    auto twice = [&] {
      n.fetch_add(1, seq_cst);
      n.fetch_add(1, seq_cst);
    };
    thread a(twice), b(twice);
  };
  exploration all = explore({.strategy = dfs(50), .weak = sequential}, body);
  EXPECT_TRUE(all.exhausted) << all;
  exploration two = explore({.strategy = dfs(2), .weak = sequential}, body);
  EXPECT_LT(two.schedules, 120u) << two;
}

TEST(explore, a_bound_that_cuts_nothing_off_is_enough) {
  exploration all = explore({.strategy = dfs(1000)}, [] { dekker(seq_cst); });
  EXPECT_TRUE(all.exhausted) << all;
  EXPECT_LT(all.bound, 20u);
}

TEST(explore, several_explorations_run_at_once) {
  auto terminates = [] { std::terminate(); };
  std::vector<std::thread> threads;
  atomic<int> told{0};
  for (int i = 0; i < 3; i++)
    threads.emplace_back([&] {
      for (int k = 0; k < 20; k++)
        if (explore({}, terminates).kind == "terminate") told.fetch_add(1, relaxed);
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(told.load(relaxed), 60);
}

TEST(explore, does_not_stand_in_another_one) {
  exploration found = explore({}, [] { explore({}, [] {}); });
  EXPECT_EQ(found.kind, "exception");
}

}  // namespace
}  // namespace kettle::testing
