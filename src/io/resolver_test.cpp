#include "io/resolver.hpp"

#include "io/io_rig.hpp"

#include "io/lanes.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <netdb.h>
#include <sys/wait.h>
#include <unistd.h>

// A thread is started in the fork of a threaded process, which ThreadSanitizer ends unless told so.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace kettle {
namespace {

// A system whose answers the test gives. "fast..." is answered at once.
struct slow_system {
  std::mutex lock;
  std::condition_variable changed;
  std::map<std::string, int> asked;
  bool answers = false;
  int running = 0, most_running = 0;

  void answer_all() {
    std::lock_guard held(lock);
    answers = true;
    changed.notify_all();
  }
  int times_asked(const std::string& host) {
    std::lock_guard held(lock);
    return asked[host];
  }
  void wait_until_asked(const std::string& host) {
    std::unique_lock held(lock);
    changed.wait(held, [&] { return asked[host] > 0; });
  }
};
slow_system* the_system = nullptr;

resolver::answer look_up(const std::string& host) {
  slow_system& s = *the_system;
  std::unique_lock held(s.lock);
  s.asked[host]++;
  s.most_running = std::max(s.most_running, ++s.running);
  s.changed.notify_all();
  if (!host.starts_with("fast")) s.changed.wait(held, [&] { return s.answers; });
  s.running--;
  if (host.ends_with("nobody")) return {{}, EAI_NONAME, 0};
  return {{*address::ip("192.0.2.1", 0)}, 0, 0};
}

class resolvers : public every_backend {
 protected:
  void SetUp() override { the_system = &system; }
  slow_system system;
};
ON_EVERY_BACKEND(resolvers);

task<> until_asked(slow_system& system, std::string host) {
  co_await on_file_lane(&slow_system::wait_until_asked, &system, std::move(host));
}

// Asks and is cancelled when the system has been asked.
task<> ask_and_leave(resolver& names, slow_system& system, std::string host) {
  cancel_scope s;
  auto ask = [&]() -> task<> { co_await in_scope(s, names.ask(host)); };
  auto leave = [&]() -> task<> {
    co_await until_asked(system, host);
    s.cancel();
  };
  co_await all(ask, leave);
}

TEST_P(resolvers, names_that_were_given_up_hold_up_nobody) {
  resolver names(look_up);
  in_run([&]() -> task<> {
    busy_run counted;
    for (int i = 0; i < 20; i++) co_await ask_and_leave(names, system, std::to_string(i));
    EXPECT_EQ(names.threads(), 20u);
    resolver::answer a = co_await names.ask("fast");
    EXPECT_EQ(a.found.size(), 1u);
  });
  system.answer_all();
}

TEST_P(resolvers, there_is_an_end_to_the_threads_of_those_given_up) {
  resolver names(look_up, {.width = 2, .most_threads = 3});
  in_run([&]() -> task<> {
    busy_run counted;
    for (int i = 0; i < 3; i++) co_await ask_and_leave(names, system, std::to_string(i));
    auto ask = [&]() -> task<> {
      resolver::answer a = co_await names.ask("fast");
      EXPECT_EQ(a.found.size(), 1u);
    };
    auto answer = [&]() -> task<> {
      co_await yield();
      EXPECT_EQ(system.times_asked("fast"), 0);
      system.answer_all();
    };
    co_await all(ask, answer);
  });
  EXPECT_EQ(system.most_running, 3);
}

TEST_P(resolvers, ask_so_many_at_once_in_the_order_of_arrival) {
  resolver names(look_up, {.width = 2, .most_threads = 64});
  in_run([&](nursery& n) -> task<> {
    auto ask = [&](std::string host) -> task<> {
      busy_run counted;
      co_await names.ask(std::move(host));
    };
    auto leaves = n.start(ask, "left");
    n.start(ask, "a");
    n.start(ask, "b");  // waits for its turn
    auto gives_up = n.start(ask, "c");
    busy_run counted;
    co_await until_asked(system, "left");
    co_await until_asked(system, "a");
    EXPECT_EQ(system.times_asked("b"), 0);
    gives_up.cancel();
    leaves.cancel();  // its thread does not count any more
    co_await until_asked(system, "b");
    system.answer_all();
    EXPECT_EQ(system.times_asked("c"), 0);
  });
}

TEST_P(resolvers, equal_names_are_asked_for_once) {
  resolver names(look_up);
  in_run([&]() -> task<> {
    int answered = 0;
    busy_run counted;
    auto ask = [&]() -> task<> {
      resolver::answer a = co_await names.ask("same");
      answered += a.found.size() == 1;
    };
    co_await with_nursery([&](nursery& n) -> task<> {
      for (int i = 0; i < 100; i++) n.start(ask);
      co_await until_asked(system, "same");
      co_await ask_and_leave(names, system, "same");  // the others still wait
      system.answer_all();
    });
    EXPECT_EQ(answered, 100);
    EXPECT_EQ(system.times_asked("same"), 1);
    co_await ask();  // that one is over: asked anew
    EXPECT_EQ(system.times_asked("same"), 2);
  });
}

TEST_P(resolvers, who_asks_for_a_name_that_was_given_up_joins_it) {
  resolver names(look_up);
  in_run([&]() -> task<> {
    busy_run counted;
    co_await ask_and_leave(names, system, "again");
    auto ask = [&]() -> task<> { co_await names.ask("again"); };
    auto answer = [&]() -> task<> {
      co_await yield();
      system.answer_all();
    };
    co_await all(ask, answer);
    EXPECT_EQ(system.times_asked("again"), 1);
  });
}

TEST_P(resolvers, tell_what_the_system_said) {
  resolver names(look_up);
  in_run([&]() -> task<> {
    busy_run counted;
    resolver::answer a = co_await names.ask("fast nobody");
    EXPECT_EQ(a.code, EAI_NONAME);
    EXPECT_TRUE(a.found.empty());
  });
}

TEST(resolver, a_forked_child_does_not_wait_for_its_parent_s_threads) {
  slow_system system;
  the_system = &system;
  resolver names(look_up);
  run([&]() -> task<> {
    busy_run counted;
    co_await ask_and_leave(names, system, "here");
  });
  pid_t child = ::fork();
  if (child == 0) {
    slow_system fresh;
    fresh.answers = true;
    the_system = &fresh;
    bool found = false;
    std::thread([&] { found = names.ask("here").get().found.size() == 1; }).join();
    ::_exit(found ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  system.answer_all();
}

}  // namespace
}  // namespace kettle
