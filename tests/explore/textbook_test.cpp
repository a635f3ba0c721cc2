// The textbook's faults of concurrent code, as bodies for explore: each is found within a number of
// schedules, its seed shows it again every time, and the mended body has no failure.
//
// KETTLE_TEXTBOOK_TABLE=1 prints for each fault and strategy how many schedules it took until the
// first failure: the median of 20 first seeds.

#include <kettle/kettle.hpp>
#include <kettle/testing.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kettle {

namespace {

using testing::check;

// Which of the two a body is.
enum class version : bool { faulty, mended };

using body_of = void (*)(version);

struct fault {
  const char* name;
  const char* kind;      // of the failure
  std::uint64_t within;  // schedules: about ten times what it takes
  body_of body;
  testing::strategy best = testing::rotate;
  bool small = true;  // the mended body can be exhausted
};

// None of these needs a store buffer to fail.
testing::exploration explore(const fault& f, version v, testing::options o,
                             testing::memory_model weak = testing::sequential) {
  o.weak = weak;
  return testing::explore(o, [&] { f.body(v); });
}

void print_row(const fault& f) {
  struct {
    const char* name;
    testing::strategy how;
  } strategies[] = {{"random", testing::random}, {"pct(2)", testing::pct(2)},
                    {"pct(3)", testing::pct(3)}, {"pos", testing::pos},
                    {"rotate", testing::rotate}, {"dfs(2)", testing::dfs(2)}};
  constexpr std::uint64_t most = 20'000;
  for (auto& s : strategies) {
    bool fixed = s.how.how == testing::strategy::kind::dfs;  // it has no seeds
    std::vector<std::uint64_t> took;
    for (std::uint64_t i = 0; i < (fixed ? 1 : 20); i++) {
      auto e = explore(f, version::faulty,
                       {.strategy = s.how, .seeds = most, .first_seed = 1 + 1000 * i});
      took.push_back(e.failed ? e.schedules : most + 1);
    }
    std::sort(took.begin(), took.end());
    std::uint64_t median = took[took.size() / 2];
    std::printf("%-28s %-7s %s%llu\n", f.name, s.name, median > most ? "more than " : "",
                static_cast<unsigned long long>(std::min(median, most)));
    std::fflush(stdout);
  }
}

// Holds while this lives.
class seed_in_environment {
 public:
  explicit seed_in_environment(const std::string& seed) {
    ::setenv("KETTLE_SEED", seed.c_str(), 1);
  }
  seed_in_environment(const seed_in_environment&) = delete;
  seed_in_environment& operator=(const seed_in_environment&) = delete;
  ~seed_in_environment() { ::unsetenv("KETTLE_SEED"); }
};

void expect_found_and_mended(const fault& f) {
  // `rotate` samples with half of its schedules.
  auto found = explore(f, version::faulty, {.strategy = f.best, .seeds = 2 * f.within});
  ASSERT_TRUE(found) << f.name << " was not found: " << found;
  EXPECT_EQ(found.kind, f.kind) << found;
  EXPECT_LE(found.schedules, f.within);
  {
    seed_in_environment replay(found.seed);
    for (int i = 0; i < 100; i++) {
      auto again = explore(f, version::faulty, {});
      ASSERT_EQ(again.kind, found.kind) << "replay " << i << " of " << found.seed;
      ASSERT_EQ(again.message, found.message) << "replay " << i << " of " << found.seed;
    }
  }
  auto sampled =
      explore(f, version::mended, {.seeds = 2000, .time = std::chrono::seconds(1)}, testing::tso);
  EXPECT_FALSE(sampled) << sampled;
  if (f.small) {
    auto all = explore(f, version::mended, {.strategy = testing::dfs(2)});
    EXPECT_FALSE(all) << all;
    EXPECT_TRUE(all.exhausted) << all;
  }
  if (std::getenv("KETTLE_TEXTBOOK_TABLE")) print_row(f);
}

// Two threads that do the same.
void twice(const std::function<void()>& f) {
  testing::thread other("other", f);
  f();
}

// Counting.

void lost_update(version v) {
  mutex m;
  testing::var<int> n = 0;
  twice([&] {
    mutex::guard g;
    if (v == version::mended) g = m.lock().get();
    n.set(n.get() + 1);
  });
  check(n.get() == 2, "no update is lost");
}

void lost_update_through_atomics(version v) {
  atomic<int> n{0};
  twice([&] {
    if (v == version::mended)
      n.fetch_add(1, seq_cst);
    else
      n.store(n.load(seq_cst) + 1, seq_cst);
  });
  check(n.load(seq_cst) == 2, "no update is lost");
}

// Locks in two orders.

void two_locks(version v) {
  mutex a, b;
  testing::thread other("other", [&] {
    auto first = (v == version::mended ? a : b).lock().get();
    auto second = (v == version::mended ? b : a).lock().get();
  });
  auto first = a.lock().get();
  auto second = b.lock().get();
}

void dining_philosophers(version v) {
  constexpr int n = 5;
  mutex forks[n];
  std::optional<testing::thread> philosophers[n];
  for (int i = 0; i < n; i++)
    philosophers[i].emplace("philosopher", [&, i] {
      int left = i, right = (i + 1) % n;
      if (v == version::mended && right < left) std::swap(left, right);
      auto first = forks[left].lock().get();
      auto second = forks[right].lock().get();
    });
  for (auto& p : philosophers) p.reset();
}

// A stack without locks, whose nodes are used again. Its top is a node's number and, above it,
// what changes with every change of the top; or always 0.

class treiber_stack {
 public:
  explicit treiber_stack(version v) : step_(v == version::mended ? 16 : 0) {}

  void push(unsigned node) {
    unsigned top = top_.load(seq_cst);
    do next_[node].store(top % 16, seq_cst);
    while (!top_.compare_exchange_strong(top, (top / 16 * 16 + step_) | node, seq_cst));
  }
  unsigned pop() {  // 0: empty
    unsigned top = top_.load(seq_cst);
    while (top % 16 != 0) {
      unsigned next = next_[top % 16].load(seq_cst);
      if (top_.compare_exchange_strong(top, (top / 16 * 16 + step_) | next, seq_cst)) break;
    }
    return top % 16;
  }

 private:
  const unsigned step_;
  atomic<unsigned> top_{0};
  atomic<unsigned> next_[4];
};

void aba(version v) {
  treiber_stack s(v);
  for (unsigned node : {3, 2, 1}) s.push(node);
  atomic<int> owners[4];
  auto take = [&] {
    unsigned node = s.pop();
    if (node) check(owners[node].fetch_add(1, seq_cst) == 0, "a node is popped once");
    return node;
  };
  testing::thread other("other", [&] {
    unsigned first = take();
    take();
    if (!first) return;
    owners[first].fetch_sub(1, seq_cst);
    s.push(first);
  });
  take();
  take();
}

// Waiting for something that has happened already.

void flag_outside_the_mutex(version v) {
  mutex m;
  condition changed;
  atomic<bool> ready{false};
  testing::thread setter("setter", [&] {
    auto g = m.lock().get();
    ready.store(true, seq_cst);
    changed.notify_one();
  });
  if (v == version::mended) {
    auto g = m.lock().get();
    while (!ready.load(seq_cst)) changed.wait(g).get();
  } else if (!ready.load(seq_cst)) {  // here it becomes ready
    auto g = m.lock().get();
    changed.wait(g).get();
  }
}

// One condition for "no longer full" and "no longer empty": notify_one may wake one of the same
// kind, who cannot go on.
void bounded_buffer(version v) {
  mutex m;
  condition one, other;
  condition& not_full = one;
  condition& not_empty = v == version::mended ? other : one;
  int items = 0;  // one at most
  auto produce = [&] {
    auto g = m.lock().get();
    while (items == 1) not_full.wait(g).get();
    items++;
    not_empty.notify_one();
  };
  auto consume = [&] {
    auto g = m.lock().get();
    while (items == 0) not_empty.wait(g).get();
    items--;
    not_full.notify_one();
  };
  testing::thread consumer_1("consumer 1", consume), consumer_2("consumer 2", consume);
  testing::thread producer_1("producer 1", produce), producer_2("producer 2", produce);
}

// Ten threads write a and then b; one sees what is between, if it runs when the first of them has
// come half the way. As reorder_10 of SCTBench (Thomson, Donaldson, Betts, 2014).
void reorder_10(version v) {
  mutex m;
  atomic<int> a{0}, b{0};
  auto locked = [&] {
    mutex::guard g;
    if (v == version::mended) g = m.lock().get();
    return g;
  };
  std::optional<testing::thread> setters[10];
  for (auto& s : setters)
    s.emplace("setter", [&] {
      auto g = locked();
      a.store(1, seq_cst);
      b.store(-1, seq_cst);
    });
  testing::thread checker("checker", [&] {
    auto g = locked();
    check((a.load(seq_cst) == 0 && b.load(seq_cst) == 0) ||
              (a.load(seq_cst) == 1 && b.load(seq_cst) == -1),
          "both or none are set");
  });
  checker.join();
  for (auto& s : setters) s.reset();
}

// A value that is wrong between two of two hundred steps.
void needle(version v) {
  atomic<int> balance{0}, other{0};
  testing::thread reader("reader", [&] { check(balance.load(seq_cst) >= 0, "never in debt"); });
  for (int i = 0; i < 100; i++) other.store(i, seq_cst);
  if (v == version::faulty) balance.store(-1, seq_cst);
  balance.store(1, seq_cst);
  for (int i = 0; i < 100; i++) other.store(i, seq_cst);
}

// The end of things.

class small_pool {
 public:
  explicit small_pool(version v) : version_(v), worker_("worker", [this] { work(); }) {}
  void add(std::function<void()> task) {
    auto g = mutex_.lock().get();
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }
  void stop() {
    {
      auto g = mutex_.lock().get();
      stopping_ = true;
      changed_.notify_all();
    }
    worker_.join();
  }

 private:
  void work() {
    for (;;) {
      auto g = mutex_.lock().get();
      while (tasks_.empty() && !stopping_) changed_.wait(g).get();
      if (version_ == version::faulty ? stopping_ : tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      g.release();
      task();
    }
  }

  const version version_;
  mutex mutex_;
  condition changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  testing::thread worker_;  // last: it uses the others
};

void pool_drops_what_is_queued(version v) {
  atomic<int> done{0};
  small_pool pool(v);
  for (int i = 0; i < 2; i++) pool.add([&] { done.fetch_add(1, seq_cst); });
  pool.stop();
  check(done.load(seq_cst) == 2, "what was added is done");
}

// Who waits for `done` may destroy the condition as soon as it has the mutex and sees it.
void condition_destroyed(version v) {
  mutex m;
  bool done = false;
  std::optional<condition> changed(std::in_place);
  testing::thread notifier("notifier", [&] {
    auto g = m.lock().get();
    done = true;
    if (v == version::faulty) g.release();
    changed->notify_one();
  });
  {
    auto g = m.lock().get();
    while (!done) changed->wait(g).get();
    changed.reset();
  }
}

}  // namespace

TEST(textbook, lost_update) {
  expect_found_and_mended(
      {.name = "lost update", .kind = "race", .within = 30, .body = lost_update});
}

TEST(textbook, lost_update_through_atomics) {
  expect_found_and_mended({.name = "lost update, atomics",
                           .kind = "check",
                           .within = 30,
                           .body = lost_update_through_atomics});
}

TEST(textbook, two_locks_in_two_orders) {
  expect_found_and_mended(
      {.name = "two locks", .kind = "deadlock", .within = 30, .body = two_locks});
}

TEST(textbook, five_dining_philosophers) {
  expect_found_and_mended({.name = "dining philosophers",
                           .kind = "deadlock",
                           .within = 360,
                           .body = dining_philosophers,
                           .small = false});
}

TEST(textbook, aba_in_a_stack) {
  expect_found_and_mended(
      {.name = "ABA", .kind = "check", .within = 200, .body = aba, .best = testing::pct(2)});
}

TEST(textbook, a_flag_tested_outside_the_mutex) {
  expect_found_and_mended({.name = "flag outside the mutex",
                           .kind = "deadlock",
                           .within = 60,
                           .body = flag_outside_the_mutex});
}

TEST(textbook, one_condition_for_a_bounded_buffer) {
  expect_found_and_mended({.name = "bounded buffer",
                           .kind = "deadlock",
                           .within = 60,
                           .body = bounded_buffer,
                           .best = testing::random,
                           .small = false});
}

TEST(textbook, reorder_10) {
  expect_found_and_mended(
      {.name = "reorder_10", .kind = "check", .within = 5000, .body = reorder_10, .small = false});
}

TEST(textbook, needle) {
  expect_found_and_mended({.name = "needle", .kind = "check", .within = 2850, .body = needle});
}

TEST(textbook, a_pool_that_drops_what_is_queued) {
  expect_found_and_mended({.name = "pool drops tasks",
                           .kind = "check",
                           .within = 60,
                           .body = pool_drops_what_is_queued});
}

TEST(textbook, a_condition_destroyed_while_it_is_notified) {
  expect_found_and_mended({.name = "condition destroyed",
                           .kind = "use after end",
                           .within = 140,
                           .body = condition_destroyed});
}

}  // namespace kettle
