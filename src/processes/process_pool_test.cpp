#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/processes/on_process.hpp>
#include <kettle/processes/process_pool.hpp>

#include "processes/process_rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace kettle {

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace {

using namespace std::chrono_literals;

int add(int a, int b) { return a + b; }
task<int> add_later(int a) {
  co_await sleep_for(1ms);
  co_return a + 1;
}
int cancelled_sleeper() {
  sleep_forever().get();
  return 0;
}
// In a coroutine start() does not wait for room.
future<int> start_in_task(process_pool& pool) {
  auto body = [&]() -> task<future<int>> { co_return pool.start(add, 1, 1); };
  return run(body);
}
int own_pid(int) { return ::getpid(); }

TEST(process_pool, a_function_runs_in_another_process) {
  process_pool pool({.workers = 2});
  EXPECT_EQ(pool.start(add, 2, 3).get(), 5);
  EXPECT_NE(pool.start(own_pid, 0).get(), ::getpid());
}

TEST(process_pool, takes_any_callable_without_registration) {
  process_pool pool({.workers = 1});
  int k = 40;
  EXPECT_EQ(pool.start([] { return 7; }).get(), 7);
  EXPECT_EQ(pool.start([k](int x) { return k + x; }, 2).get(), 42);
  int (*f)(int, int) = add;
  EXPECT_EQ(pool.start(f, 2, 2).get(), 4);
  auto apply = [](int (*g)(int, int), int x) { return g(x, x); };
  EXPECT_EQ(pool.start(apply, f, 5).get(), 10);
  EXPECT_EQ(pool.start([](int a) -> task<int> { co_return co_await add_later(a); }, 1).get(), 2);
}

TEST(process_pool, refuses_a_closure_that_captures_an_address) {
  process_pool pool({.workers = 1});
  int k = 40;
  auto f = pool.start([&k] { return k; });
  try {
    f.get();
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("captures an address (word 0)"), std::string::npos);
  }
}

struct record {
  std::string name;
  int age = 0;
  std::vector<std::string> tags;
  bool operator==(const record&) const = default;
};
record older(record r, std::map<std::string, int> by) {
  r.age += by[r.name];
  r.tags.push_back("older");
  return r;
}
std::string twice(std::string s) { return s + s; }

TEST(process_pool, ships_values_of_any_size) {
  process_pool pool({.workers = 2});
  record ann{"ann", 30, {"a", "b"}};
  EXPECT_EQ(pool.start(older, ann, std::map<std::string, int>{{"ann", 5}}).get(),
            (record{"ann", 35, {"a", "b", "older"}}));
  for (std::size_t size : {0ul, 1ul, 500ul, 1000ul, 1001ul, 100'000ul, 30'000'000ul}) {
    std::string text(size, 'x');
    EXPECT_EQ(pool.start(twice, text).get(), text + text) << size;
  }
}

int fail_with(int how) {
  switch (how) {
    case 0: throw std::out_of_range("too far");
    case 1: throw std::system_error(ENOENT, std::generic_category(), "open");
    case 2: throw own_error("mine");
    case 3: throw timeout_error();
    case 4: throw 7;
    default: throw_io_error(EPIPE, "write", "pipe");
  }
}

template <class E> std::string error_of(process_pool& pool, int how) {
  try {
    pool.start(fail_with, how).get();
  } catch (const E& e) {
    if (typeid(e) != typeid(E)) return "another type";
    return e.what();
  }
  return "none";
}

TEST(process_pool, an_error_arrives_as_its_type_or_as_remote_error) {
  process_pool pool({.workers = 1});
  EXPECT_EQ(error_of<std::out_of_range>(pool, 0), "too far");
  EXPECT_EQ(error_of<std::system_error>(pool, 1), "open: No such file or directory");
  EXPECT_EQ(error_of<remote_error>(pool, 2), "kettle::own_error: mine");
  EXPECT_EQ(error_of<timeout_error>(pool, 3), "timed out");
  EXPECT_EQ(error_of<remote_error>(pool, 4), "int: not a std::exception");
  EXPECT_EQ(error_of<io_error>(pool, 5), "write pipe: Broken pipe");
}

int die(int how) {
  if (how == 1) std::raise(SIGKILL);
  if (how == 2) std::raise(SIGSEGV);
  if (how == 3) ::_exit(3);
  if (how == 4) std::abort();
  return how;
}

TEST(process_pool, a_dead_worker_fails_its_own_task_only) {
  process_pool pool({.workers = 2});
  int at[] = {0, 1, 10, 2, 11, 3, 12, 13, 4, 14};
  std::vector<int> fine;
  std::vector<worker_died::facts> deaths;
  for (auto& made : pool.map(as_outcome, die, at)) {
    if (made)
      fine.push_back(*made);
    else if (auto* dead = made.error_as<worker_died>())
      deaths.push_back(dead->how);
    else
      ADD_FAILURE() << made.what();
  }
  EXPECT_EQ(fine, (std::vector<int>{0, 10, 11, 12, 13, 14}));
  ASSERT_EQ(deaths.size(), 4u);
  EXPECT_EQ(deaths[0].signal, SIGKILL);
  EXPECT_EQ(deaths[1].signal, SIGSEGV);
  EXPECT_EQ(deaths[2].signal, 0);
  EXPECT_EQ(deaths[2].exit_code, 3);
  EXPECT_EQ(deaths[3].signal, SIGABRT);
  for (auto& d : deaths) EXPECT_GT(d.task, 0u);
  EXPECT_EQ(pool.start(add, 1, 1).get(), 2);
}

TEST(process_pool, a_death_is_told_with_signal_task_and_process) {
  process_pool pool({.workers = 1});
  EXPECT_EQ(pool.start(add, 1, 1).get(), 2);
  try {
    pool.start(die, 1).get();
    FAIL();
  } catch (const worker_died& e) {
    std::string begin = "worker 0 (pid " + std::to_string(e.how.pid) +
                        ") was killed by signal 9 (Killed) while it ran task 2;";
    EXPECT_EQ(std::string(e.what()).substr(0, begin.size()), begin);
  }
}

int begin_then(int pipe, int how) {
  char c = 1;
  if (::write(pipe, &c, 1) != 1) return -1;
  if (how == 0) sleep_forever().get();
  for (;;)
    if (how == 1) check_cancelled();
}

// How long it is from the cancelling of a running task to its end.
duration cancel_running(process_pool& pool, int how) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[1]);
  auto f = pool.start(
      [](std::string into, int as) {
        int fd = ::open(into.c_str(), O_WRONLY);
        return begin_then(fd, as);
      },
      path, how);
  char c;
  EXPECT_EQ(::read(ends[0], &c, 1), 1);
  auto begun = clock::now();
  f.cancel();
  EXPECT_THROW(f.get(), cancelled);
  ::close(ends[0]), ::close(ends[1]);
  return clock::now() - begun;
}

TEST(process_pool, cancelling_reaches_a_wait_and_a_computation_in_the_worker) {
  process_pool pool({.workers = 1, .grace = 1h});
  int pid = pool.start(own_pid, 0).get();
  cancel_running(pool, 0);
  cancel_running(pool, 1);
  EXPECT_EQ(pool.start(own_pid, 0).get(), pid);  // nobody was killed for it
}

TEST(process_pool, what_does_not_end_is_killed_after_the_grace) {
  process_pool pool({.workers = 1, .grace = 50ms});
  int pid = pool.start(own_pid, 0).get();
  EXPECT_GE(cancel_running(pool, 2), 50ms);
  EXPECT_NE(pool.start(own_pid, 0).get(), pid);
  EXPECT_EQ(::kill(pid, 0), -1);  // reaped
}

TEST(process_pool, a_queued_task_that_is_cancelled_never_starts) {
  process_pool pool({.workers = 1});
  auto first = pool.start(cancelled_sleeper);
  std::vector<future<int>> queued;
  for (int i = 0; i < 2000; i++)
    queued.push_back(start_in_task(pool));  // more than the table holds
  for (auto& f : queued) f.cancel();
  for (auto& f : queued) EXPECT_THROW(f.get(), cancelled);
  first.cancel();
  EXPECT_THROW(first.get(), cancelled);
  EXPECT_EQ(pool.start(add, 1, 2).get(), 3);
}

TEST(process_pool, close_drains_or_cancels_and_refuses_afterwards) {
  process_pool pool({.workers = 2});
  std::vector<future<int>> all;
  for (int i = 0; i < 100; i++) all.push_back(pool.start(add, i, 1));
  pool.close(close_mode::drain).get();
  for (int i = 0; i < 100; i++) EXPECT_EQ(all[std::size_t(i)].get(), i + 1);
  EXPECT_THROW(pool.start(add, 1, 1), usage_error);

  process_pool other({.workers = 1, .grace = 1h});
  auto runs = other.start(cancelled_sleeper);
  auto waits = other.start(add, 1, 1);
  other.close(close_mode::kill).get();
  EXPECT_THROW(runs.get(), cancelled);
  EXPECT_THROW(waits.get(), cancelled);
  EXPECT_EQ(other.stats().threads, 0u);
}

void bad_init() { throw std::runtime_error("no database"); }

TEST(process_pool, workers_that_cannot_start_break_the_pool) {
  process_pool pool({.workers = 1, .init = bad_init});
  auto f = pool.start(add, 1, 1);
  try {
    f.get();
    FAIL();
  } catch (const pool_broken& e) {
    EXPECT_NE(std::string(e.what()).find("init: no database"), std::string::npos) << e.what();
  }
  EXPECT_THROW(pool.start(add, 1, 1).get(), pool_broken);
}

int slow_init_done = 0;
void slow_init() {
  sleep_for(5ms).get();
  slow_init_done = 1;
}

TEST(process_pool, warm_up_waits_for_all_workers_and_their_init) {
  process_pool pool({.workers = 3, .init = slow_init});
  pool.warm_up().get();
  EXPECT_EQ(pool.stats().threads, 3u);
  EXPECT_EQ(pool.start([] { return slow_init_done; }).get(), 1);
  pool.warm_up().get();  // at once
  run([&]() -> task<> { co_await pool.warm_up(); });
}

TEST(process_pool, warm_up_tells_why_it_never_will) {
  process_pool broken({.workers = 2, .init = bad_init});
  EXPECT_THROW(broken.warm_up().get(), pool_broken);
  EXPECT_THROW(broken.warm_up().get(), pool_broken);

  process_pool closed({.workers = 1, .init = [] { sleep_forever().get(); }});
  EXPECT_FALSE(move_on_after(1ms, closed.warm_up()).get());
  std::thread closer([&] {
    std::this_thread::sleep_for(1ms);
    closed.close(close_mode::cancel).get();
  });
  EXPECT_THROW(closed.warm_up().get(), usage_error);
  closer.join();
}

TEST(process_pool, a_worker_is_replaced_after_its_share) {
  process_pool pool({.workers = 1, .max_tasks = 1});
  std::vector<int> pids;
  for (int i = 0; i < 5; i++) pids.push_back(pool.start(own_pid, 0).get());
  std::sort(pids.begin(), pids.end());
  EXPECT_EQ(std::unique(pids.begin(), pids.end()), pids.end());
}

int nested(int x) {
  process_pool inside({.workers = 1});
  int a = inside.start(add, x, 1).get();
  return a + on_process(add, x, 1).get() + (in_worker() ? 100 : 0);
}

TEST(process_pool, nested_work_runs_in_the_worker_itself) {
  process_pool pool({.workers = 1});
  EXPECT_EQ(pool.start(nested, 1).get(), 104);
  EXPECT_FALSE(in_worker());
}

TEST(process_pool, forks_this_process_when_asked_to) {
  SKIP_FORK_OF_THREADED();
  process_pool pool({.workers = 2, .start = start_method::fork});
  EXPECT_EQ(pool.start(add, 2, 3).get(), 5);
  EXPECT_NE(pool.start(own_pid, 0).get(), ::getpid());
}

TEST(process_pool, is_used_from_a_run_a_coroutine_and_a_nursery) {
  int sum = run([](nursery& n) -> task<int> {
    auto f = n.start(on_process, add, 1, 2);
    int a = co_await on_process(add, 3, 4);
    process_pool pool({.workers = 1});
    int b = co_await pool(add, 5, 6);
    auto g = n.start(pool, add, 7, 8);
    int all = a + b + co_await f + co_await g;
    co_await pool.close(close_mode::drain);
    co_return all;
  });
  EXPECT_EQ(sum, 36);
}

TEST(process_pool, map_gives_results_by_completion_too) {
  process_pool pool({.workers = 2});
  std::vector<int> in(100), out;
  for (int i = 0; i < 100; i++) in[std::size_t(i)] = i;
  for (int x : pool.map([](int i) { return i * i; }, in, {.order = map_order::completion}))
    out.push_back(x);
  std::sort(out.begin(), out.end());
  ASSERT_EQ(out.size(), 100u);
  for (int i = 0; i < 100; i++) EXPECT_EQ(out[std::size_t(i)], i * i);
}

TEST(process_pool, map_by_completion_sees_the_end_of_what_never_began) {
  process_pool pool({.workers = 1});
  std::vector<int> in{0, 1, 2, 3};
  auto f = [](int i) {
    if (i > 0) sleep_forever().get();
    return i;
  };
  auto results = pool.map(f, in, {.at_once = 4, .order = map_order::completion});
  EXPECT_EQ(results.next().get(), 0);
  pool.close(close_mode::cancel).get();
  EXPECT_THROW(results.next().get(), cancelled);
}

TEST(process_pool, map_by_completion_is_no_deadlock_of_the_run_that_waits) {
  process_pool pool({.workers = 1});
  auto body = [&]() -> task<int> {
    std::vector<int> in{1, 2, 3};
    auto f = [](int i) {
      sleep_for(1ms).get();
      return i;
    };
    auto results = pool.map(f, in, {.order = map_order::completion});
    int sum = 0;
    while (auto x = co_await results.next()) sum += *x;
    co_return sum;
  };
  EXPECT_EQ(run(body), 6);
}

}  // namespace
}  // namespace kettle
