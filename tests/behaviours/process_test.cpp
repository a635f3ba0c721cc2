// Children are functions in worker processes. They share nothing with us, so what they tell goes
// through a pipe, and the bodies are tasks on the loop. Real time only: order, and lower bounds.
#include "suite.hpp"

#include <kettle/processes/on_process.hpp>
#include <kettle/processes/process_pool.hpp>

#include <csignal>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>

#define PLACE_NAME process

namespace kettle::suite::PLACE_NAME {
namespace {

// A diary that other processes write into, by its path.
class far_diary {
 public:
  far_diary() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  far_diary(const far_diary&) = delete;
  far_diary& operator=(const far_diary&) = delete;
  ~far_diary() { ::close(ends_[0]), ::close(ends_[1]); }

  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends_[1]);
  }
  // Blocks until the next line has come.
  std::string wait_for_line() {
    std::string line;
    for (char c; ::read(ends_[0], &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  task<std::string> line() {
    co_return co_await on_thread([this] { return wait_for_line(); });
  }
  // What is there now.
  lines rest() {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    lines all;
    for (std::string l = wait_for_line(); !l.empty(); l = wait_for_line()) all.push_back(l);
    ::fcntl(ends_[0], F_SETFL, 0);
    return all;
  }

 private:
  int ends_[2];
};

void note(const std::string& path, std::string text) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  text += '\n';
  if (::write(fd, text.data(), text.size()) != ssize_t(text.size())) std::abort();
  ::close(fd);
}

int sleeper(std::string path, std::string who, double n) {
  note(path, who + " begun");
  try {
    sleep_for(units(n)).get();
  } catch (const cancelled&) {
    note(path, who + " cancelled");
    throw;
  }
  note(path, who + " slept");
  return int(n);
}
void fails(std::string text) { throw std::runtime_error(text); }
int tenfold(int k) { return 10 * k; }
int own_pid() { return ::getpid(); }

bool has_ended(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return true;
  auto state = text.find(") ");
  return state == text.npos || text[state + 2] == 'Z' || text[state + 2] == 'X';
}

#define FAR_BEHAVIOUR(number, sentence)                                                     \
  void number##_##sentence##_body();                                                        \
  BEHAVIOUR(number, sentence) {                                                             \
    if (virtual_time()) GTEST_SKIP() << "another process knows nothing of a virtual clock"; \
    number##_##sentence##_body();                                                           \
  }                                                                                         \
  void number##_##sentence##_body()

std::string nested_deadlines(double outer_units) {
  cancel_scope outer, inner;
  outer.cancel_after(units(outer_units));
  inner.cancel_after(units(10));
  auto in_outer = [&] { return in_scope(inner, sleep_for(units(20))).get(); };
  bool finished = in_scope(outer, in_outer).get().value_or(false);
  return std::string(finished ? "finished" : "cut") + (outer.expired() ? " by outer" : "") +
         (inner.expired() ? " by inner" : "");
}

FAR_BEHAVIOUR(b05, the_earlier_outer_deadline_ends_it_wherever_it_stands) {
  stopwatch watch;
  EXPECT_EQ(on_process(nested_deadlines, 5).get(), "cut by outer");
  watch.expect(5);
  far_diary d;
  run([&]() -> task<> {
    cancel_scope outer;
    auto end_it_soon = [&]() -> task<> {
      EXPECT_EQ(co_await d.line(), "far begun");
      outer.cancel_after(units(5));
    };
    auto far = in_scope(outer, on_process(sleeper, d.path(), "far", 200));
    auto [finished, asked] = co_await all(std::move(far), end_it_soon());
    EXPECT_FALSE(finished);
    EXPECT_TRUE(outer.expired());
  });
  EXPECT_EQ(d.rest(), lines{"far cancelled"});
}

FAR_BEHAVIOUR(b08, a_deadline_moved_later_takes_effect_at_once) {
  far_diary d;
  bool finished = run([&]() -> task<bool> {
    cancel_scope outer;
    outer.cancel_after(units(10));
    auto move_it = [&]() -> task<> {
      EXPECT_EQ(co_await d.line(), "far begun");
      outer.deadline(never);
    };
    auto far = in_scope(outer, on_process(sleeper, d.path(), "far", 15));
    auto [done, moved] = co_await all(std::move(far), move_it());
    co_return done.has_value();
  });
  EXPECT_TRUE(finished);
  EXPECT_EQ(d.rest(), lines{"far slept"});
}

FAR_BEHAVIOUR(b07, fail_after_throws_when_its_block_has_ended) {
  far_diary d;
  stopwatch watch;
  EXPECT_THROW(fail_after(units(20), on_process(sleeper, d.path(), "far", 200)).get(),
               timeout_error);
  watch.expect(20);
  EXPECT_EQ(d.rest(), (lines{"far begun", "far cancelled"}));
  EXPECT_THROW(fail_after(0s, on_process(sleeper, d.path(), "far", 200)).get(), timeout_error);
  EXPECT_EQ(d.rest(), lines{});
}

FAR_BEHAVIOUR(b14, a_nursery_ends_after_every_child) {
  far_diary d;
  run([&]() -> task<> {
    auto body = [&](nursery& n) {
      n.start(on_process, sleeper, d.path(), "child", 2);
      note(d.path(), "body ends");
    };
    co_await with_nursery(body);
    note(d.path(), "nursery ends");
  });
  EXPECT_EQ(d.rest(), (lines{"body ends", "child begun", "child slept", "nursery ends"}));
}

FAR_BEHAVIOUR(b15, one_failure_cancels_the_rest_and_arrives_once) {
  far_diary d;
  bool body_cancelled = false;
  std::string error;
  run([&]() -> task<> {
    auto body = [&](nursery& n) -> task<> {
      n.start(on_process, sleeper, d.path(), "sibling", 200);
      EXPECT_EQ(co_await d.line(), "sibling begun");
      n.start(on_process, fails, "broken");
      try {
        co_await sleep_forever();
      } catch (const cancelled&) {
        body_cancelled = true;
        throw;
      }
    };
    try {
      co_await with_nursery(body);
    } catch (const error_group& g) {
      error = g.what();
    }
  });
  EXPECT_EQ(error, "1 error: broken");
  EXPECT_TRUE(body_cancelled);
  EXPECT_EQ(d.rest(), lines{"sibling cancelled"});
}

void fails_in_cleanup(std::string path) {
  try {
    sleeper(path, "child", 200);
  } catch (const cancelled&) {
    throw std::runtime_error("cleanup failed");
  }
}

FAR_BEHAVIOUR(b17, of_a_cancelled_nursery_only_the_real_errors_arrive) {
  far_diary d;
  std::string error;
  run([&]() -> task<> {
    auto body = [&](nursery& n) -> task<> {
      n.start(on_process, fails_in_cleanup, d.path());
      n.start(on_loop, [] { return sleep_forever(); });
      co_await d.line();
      n.cancel();
    };
    try {
      co_await with_nursery(body);
    } catch (const error_group& g) {
      error = g.what();
    }
  });
  EXPECT_EQ(error, "1 error: cleanup failed");
}

FAR_BEHAVIOUR(b18, start_is_allowed_while_the_last_child_runs_and_refused_afterwards) {
  far_diary d;
  std::string error;
  run([&](nursery& outer) -> task<> {
    auto body = [&](nursery& n) {
      auto last = n.start(on_process, sleeper, d.path(), "last", 2);
      auto later = [&](future<int> of_last) -> task<> {
        co_await d.line();
        auto again = n.start(on_process, tenfold, 4);
        EXPECT_EQ(co_await again, 40);
        co_await of_last;
        try {
          n.start(on_process, tenfold, 5);
        } catch (const usage_error& e) {
          error = e.what();
        }
      };
      outer.start(on_loop, later, std::move(last));
    };
    co_await with_nursery(body);
  });
  EXPECT_EQ(error, "start: this nursery has closed");
}

FAR_BEHAVIOUR(b21, a_cancelled_child_disturbs_nobody) {
  far_diary d;
  run([&](nursery& n) -> task<> {
    auto first = n.start(on_process, sleeper, d.path(), "first", 200);
    EXPECT_EQ(co_await d.line(), "first begun");
    auto second = n.start(on_process, tenfold, 2);
    first.cancel();
    EXPECT_EQ(co_await second, 20);
  });
  EXPECT_EQ(d.rest(), lines{"first cancelled"});
}

FAR_BEHAVIOUR(b22, race_gives_the_first_when_the_loser_has_cleaned_up) {
  far_diary d;
  int won = run([&]() -> task<int> {
    auto quick = [&]() -> task<int> {
      co_await d.line();
      co_return co_await on_process(tenfold, 3);
    };
    co_return co_await race(quick, on_process(sleeper, d.path(), "loser", 200));
  });
  EXPECT_EQ(won, 30);
  EXPECT_EQ(d.rest(), lines{"loser cancelled"});
}

FAR_BEHAVIOUR(b24, all_keeps_the_order_and_has_joined_the_rest_before_it_throws) {
  far_diary d;
  run([&]() -> task<> {
    auto [a, b] = co_await all(on_process(sleeper, d.path(), "slow", 2), on_process(tenfold, 1));
    EXPECT_EQ(a, 2);
    EXPECT_EQ(b, 10);
  });
  EXPECT_EQ(d.rest(), (lines{"slow begun", "slow slept"}));
  auto broken = [&]() -> task<> {
    auto late = [&]() -> task<> {
      co_await d.line();
      co_await on_process(fails, "broken");
    };
    co_await all(on_process(sleeper, d.path(), "other", 200), late);
  };
  EXPECT_EQ(error_of([&] { run(broken); }), "broken");
  EXPECT_EQ(d.rest(), lines{"other cancelled"});
}

FAR_BEHAVIOUR(b25, services_are_cancelled_when_the_rest_has_ended) {
  far_diary d;
  run([&](nursery& n) -> task<> {
    n.start(as_service, on_process, sleeper, d.path(), "service", 200);
    EXPECT_EQ(co_await d.line(), "service begun");
    EXPECT_EQ(co_await on_process(tenfold, 1), 10);
    note(d.path(), "body ends");
  });
  EXPECT_EQ(d.rest(), (lines{"body ends", "service cancelled"}));
}

// Counts how far it was read.
struct counted_range {
  int size;
  int* read;
  struct iterator {
    int at;
    int* read;
    int operator*() const { return *read = at; }
    iterator& operator++() {
      ++at;
      return *this;
    }
    bool operator==(const iterator& o) const { return at == o.at; }
  };
  iterator begin() const { return {0, read}; }
  iterator end() const { return {size, read}; }
};

FAR_BEHAVIOUR(b42, map_is_ordered_and_reads_a_window_ahead) {
  process_pool pool({.workers = 2});
  int read = -1, expected = 0;
  for (int x : pool.map(tenfold, counted_range{100, &read}, {.at_once = 3})) {
    EXPECT_EQ(x, 10 * expected);
    EXPECT_LE(read, expected + 3);
    expected++;
  }
  EXPECT_EQ(expected, 100);
}

int two_is_broken(int k) {
  if (k == 2) throw std::runtime_error("two");
  return k;
}

FAR_BEHAVIOUR(b43, map_throws_at_the_position_of_the_error) {
  process_pool pool({.workers = 2});
  int read = -1;
  std::string seen;
  try {
    for (int x : pool.map(two_is_broken, counted_range{100, &read}, {.at_once = 2}))
      seen += std::to_string(x);
  } catch (const std::runtime_error& e) {
    seen += e.what();
  }
  EXPECT_EQ(seen, "01two");
  EXPECT_LE(read, 4);
}

FAR_BEHAVIOUR(b45, closing_with_cancel_removes_what_is_queued_and_waits_for_what_runs) {
  far_diary d;
  process_pool pool({.workers = 1});
  auto first = pool.start(sleeper, d.path(), "first", 200);
  auto second = pool.start(sleeper, d.path(), "second", 200);
  EXPECT_EQ(d.wait_for_line(), "first begun");
  pool.close(close_mode::cancel).get();
  EXPECT_EQ(d.rest(), lines{"first cancelled"});
  EXPECT_THROW(first.get(), cancelled);
  EXPECT_THROW(second.get(), cancelled);
  EXPECT_THROW(pool.start(tenfold, 1), usage_error);
}

int end_by(int how) {
  if (how == 0) ::_exit(3);
  if (how == 1) ::raise(SIGKILL);
  if (how == 2) ::raise(SIGSEGV);
  if (how == 3) std::abort();
  return how;
}

FAR_BEHAVIOUR(b48, a_worker_that_dies_fails_its_own_task_only) {
  process_pool pool({.workers = 2});
  std::vector<int> how{4, 0, 5, 1, 6, 2, 7, 3, 8};
  std::string seen;
  for (auto& made : pool.map(as_outcome, end_by, how)) {
    if (made)
      seen += std::to_string(*made) + " ";
    else if (auto* dead = made.error_as<worker_died>())
      seen +=
          "(" + std::to_string(dead->how.exit_code) + "," + std::to_string(dead->how.signal) + ") ";
  }
  EXPECT_EQ(seen, "4 (3,0) 5 (0,9) 6 (0,11) 7 (0,6) 8 ");
  EXPECT_EQ(pool.start(tenfold, 1).get(), 10);
}

// Fails on its way: there, or on the way back.
struct trap {
  int step = 0;  // 1: argument read, 2: result written, 3: argument written, 4: result read
  int how = 0;   // 0: throw, 1: exit, 2: SIGSEGV
  std::string weight;

  template <class Archive> void serialize(Archive& archive) {
    if (Archive::is_loading) archive(weight);  // half of it has gone by
    if (Archive::is_saving) archive(weight);
    archive(step, how);
    bool there = in_worker(), loading = Archive::is_loading;
    int now = there ? (loading ? 1 : 2) : (loading ? 4 : 3);
    if (now != step) return;
    if (how == 0) throw std::runtime_error("step " + std::to_string(step));
    if (how == 1) std::exit(4);
    ::raise(SIGSEGV);
  }
};
trap there_and_back(trap t) {
  if (t.step != 0) return t;
  if (t.how == 0) throw std::runtime_error("step 0");
  if (t.how == 1) std::exit(4);
  ::raise(SIGSEGV);
  return t;
}

FAR_BEHAVIOUR(b49, whatever_breaks_at_whichever_step_fails_that_task_and_hangs_nothing) {
  process_pool pool({.workers = 2});
  for (std::size_t size : {std::size_t(1), std::size_t(1) << 20})
    for (int step = 0; step <= 4; step++)
      for (int how = 0; how <= (step >= 3 ? 0 : 2); how++) {  // here it would be our own crash
        auto f = pool.start(there_and_back, trap{step, how, std::string(size, 'x')});
        auto next = pool.start(tenfold, 7);
        try {
          f.get();
          ADD_FAILURE() << step << " " << how;
        } catch (const worker_died& e) {
          EXPECT_EQ(e.how.exit_code, how == 1 ? 4 : 0);
          EXPECT_EQ(e.how.signal, how == 2 ? SIGSEGV : 0);
          EXPECT_NE(how, 0);
        } catch (const std::runtime_error& e) {
          EXPECT_EQ(how, 0);
          EXPECT_EQ(e.what(), "step " + std::to_string(step));
        }
        EXPECT_EQ(next.get(), 70);
      }
}

FAR_BEHAVIOUR(b50, with_one_task_a_worker_each_task_has_its_own) {
  process_pool pool({.workers = 2, .max_tasks = 1});
  std::vector<future<int>> all;
  for (int i = 0; i < 10; i++) all.push_back(pool.start(own_pid));
  std::vector<int> pids;
  for (auto& f : all) pids.push_back(f.get());
  std::sort(pids.begin(), pids.end());
  EXPECT_EQ(std::unique(pids.begin(), pids.end()), pids.end());
  pool.close(close_mode::drain).get();
}

void broken_init() { throw std::runtime_error("no licence"); }

FAR_BEHAVIOUR(b51, an_initialiser_that_throws_breaks_the_pool_with_its_reason) {
  process_pool pool({.workers = 2, .init = broken_init});
  auto a = pool.start(tenfold, 1), b = pool.start(tenfold, 2);
  for (auto* f : {&a, &b}) {
    std::string why = error_of([f] { f->get(); });
    EXPECT_NE(why.find("init: no licence"), std::string::npos) << why;
  }
  EXPECT_THROW(pool.start(tenfold, 3).get(), pool_broken);
}

struct unknown_here : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void throws(int what) {
  if (what == 0) throw std::out_of_range("far");
  throw unknown_here("strange");
}

FAR_BEHAVIOUR(b52, an_error_keeps_its_type_or_tells_it) {
  EXPECT_THROW(on_process(throws, 0).get(), std::out_of_range);
  try {
    on_process(throws, 1).get();
    ADD_FAILURE();
  } catch (const remote_error& e) {
    EXPECT_NE(e.type.find("unknown_here"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("strange"), std::string::npos);
  }
}

void never_asks(std::string path) {
  note(path, std::to_string(::getpid()));
  for (;;) ::pause();
}

FAR_BEHAVIOUR(b53, what_does_not_end_when_asked_is_killed_after_the_grace) {
  far_diary d;
  process_pool pool({.workers = 1});
  auto f = pool.start(never_asks, d.path());
  int pid = std::stoi(d.wait_for_line());
  time_point asked = clock::now();
  f.cancel();
  EXPECT_THROW(f.get(), cancelled);
  EXPECT_GE(clock::now() - asked, 100ms);
  EXPECT_EQ(::kill(pid, 0), -1);  // reaped: not even a zombie
  EXPECT_NE(pool.start(own_pid).get(), pid);
}

FAR_BEHAVIOUR(b54, no_worker_outlives_a_killed_parent) {
  far_diary d;
  std::string path = d.path();
  int parent = ::fork();
  if (parent == 0) {
    process_pool pool({.workers = 1});
    pool.start(never_asks, path).get();
    ::_exit(1);
  }
  int worker = std::stoi(d.wait_for_line());
  EXPECT_FALSE(has_ended(worker));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  auto limit = clock::now() + 10s;
  while (clock::now() < limit && !has_ended(worker)) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(has_ended(worker));
}

}  // namespace
}  // namespace kettle::suite::PLACE_NAME
