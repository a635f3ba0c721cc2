#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/processes/process_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

int own_pid(int) { return ::getpid(); }
int twice(int x) { return 2 * x; }
int kill_server(int) {
  ::kill(::getppid(), SIGKILL);
  for (;;) ::pause();
}

// Whoever is killed, each task is answered once: right, or by worker_died.
TEST(process_manager, loses_and_doubles_no_task_while_workers_are_killed) {
  process_pool pool({.workers = 3});
  std::atomic<bool> stop{false};
  std::atomic<int> killed{0};
  std::thread killer([&] {
    while (!stop) {
      int pid = 0;
      try {
        pid = pool.start(own_pid, 0).get();
      } catch (const worker_died&) {
        continue;
      }
      if (::kill(pid, SIGKILL) == 0) killed++;
      std::this_thread::sleep_for(2ms);
    }
  });
  int answered = 0, dead = 0;
  for (int round = 0; round < 20 || killed < 20; round++) {
    std::vector<future<int>> all;
    for (int i = 0; i < 1000; i++) all.push_back(pool.start(twice, i));
    for (int i = 0; i < 1000; i++) {
      try {
        EXPECT_EQ(all[std::size_t(i)].get(), 2 * i);
        answered++;
      } catch (const worker_died&) {
        dead++;
      }
    }
  }
  stop = true;
  killer.join();
  EXPECT_EQ((answered + dead) % 1000, 0);
  EXPECT_LE(dead, killed);
  EXPECT_GE(killed, 20);
}

int busy_for(int us) {
  auto end = clock::now() + std::chrono::microseconds(us);
  while (clock::now() < end) {}
  return us;
}

TEST(process_manager, kills_for_a_cancelled_task_and_for_no_other) {
  process_pool pool({.workers = 2, .grace = 1ms});
  for (int round = 0; round < 10; round++) {
    std::vector<future<int>> kept, let_go;
    for (int i = 0; i < 40; i++) {
      kept.push_back(pool.start(busy_for, 200));
      let_go.push_back(pool.start(busy_for, 1000 + 20 * i));  // ends about when its time is over
    }
    for (auto& f : let_go) {
      f.cancel();
      std::this_thread::sleep_for(100us);
    }
    for (auto& f : kept) EXPECT_EQ(f.get(), 200);
    for (auto& f : let_go) {
      try {
        f.get();  // it may have been faster
      } catch (const cancelled&) {}
    }
  }
}

TEST(process_manager, an_idle_worker_that_is_killed_is_replaced) {
  process_pool pool({.workers = 1});
  for (int i = 0; i < 5; i++) {
    int pid = pool.start(own_pid, 0).get();
    ::kill(pid, SIGKILL);
    EXPECT_NE(pool.start(own_pid, 0).get(), pid);
  }
}

TEST(process_manager, a_dead_server_is_replaced_and_costs_what_ran) {
  process_pool pool({.workers = 1});
  EXPECT_THROW(pool.start(kill_server, 0).get(), worker_died);
  EXPECT_EQ(pool.start(twice, 4).get(), 8);
}

TEST(process_manager, a_program_that_reaps_all_its_children_is_no_harm) {
  process_pool pool({.workers = 1});
  EXPECT_EQ(pool.start(twice, 1).get(), 2);
  struct sigaction action{}, former{};
  action.sa_handler = SIG_IGN;  // the kernel reaps all children at once
  ::sigaction(SIGCHLD, &action, &former);
  EXPECT_THROW(pool.start(kill_server, 0).get(), worker_died);
  EXPECT_EQ(pool.start(twice, 2).get(), 4);
  pool.close(close_mode::drain).get();
  ::sigaction(SIGCHLD, &former, nullptr);
}

}  // namespace
}  // namespace kettle
