#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/processes/process_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
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

// Kills one worker after the other while it lives.
class killer {
 public:
  explicit killer(process_pool& pool) : pool_(pool) {}
  ~killer() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int killed() const { return killed_; }

 private:
  void kill_all_the_time() {
    while (!stop_) {
      int pid = 0;
      try {
        pid = pool_.start(own_pid, 0).get();
      } catch (const worker_died&) {
        continue;
      }
      if (::kill(pid, SIGKILL) == 0) killed_++;
      std::this_thread::sleep_for(2ms);
    }
  }
  process_pool& pool_;
  std::atomic<bool> stop_{false};
  std::atomic<int> killed_{0};
  std::thread thread_{[this] { kill_all_the_time(); }};
};

// Whoever is killed, each task is answered once: right, or by worker_died.
TEST(process_manager, loses_and_doubles_no_task_while_workers_are_killed) {
  process_pool pool({.workers = 3});
  killer other(pool);
  int answered = 0, dead = 0;
  for (int round = 0; round < 20 || other.killed() < 20; round++) {
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
  other.stop();
  EXPECT_EQ((answered + dead) % 1000, 0);
  EXPECT_LE(dead, other.killed());
  EXPECT_GE(other.killed(), 20);
}

std::string longer(std::string s) { return s + s; }

TEST(process_manager, large_answers_are_whole_while_workers_are_killed) {
  process_pool pool({.workers = 3});
  killer other(pool);
  int dead = 0;
  for (int round = 0; round < 10 || other.killed() < 10; round++) {
    std::vector<future<std::string>> all;
    for (int i = 0; i < 20; i++)
      all.push_back(pool.start(longer, std::string(std::size_t(i) * 20'000, char('a' + i))));
    for (int i = 0; i < 20; i++) {
      try {
        std::string got = all[std::size_t(i)].get();
        EXPECT_EQ(got.size(), std::size_t(i) * 40'000);
        EXPECT_EQ(got.find_first_not_of(char('a' + i)), got.npos);
      } catch (const worker_died&) {
        dead++;
      }
    }
  }
  other.stop();
  EXPECT_LE(dead, other.killed());
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

// How often it has gone to sleep, and so was woken.
long sleeps_of(const std::string& status_file) {
  std::ifstream status(status_file);
  std::string word;
  long number = -1;
  while (status >> word)
    if (word == "voluntary_ctxt_switches:") status >> number;
  return number;
}

TEST(process_manager, who_has_nothing_to_do_is_not_woken) {
  process_pool pool({.workers = 2});
  pool.warm_up().get();
  std::vector<std::string> files;
  for (auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (name == "kettle-pool") files.push_back(task.path() / "status");
  }
  std::vector<future<int>> burst;
  for (int i = 0; i < 2000; i++) burst.push_back(pool.start(own_pid, i));
  std::set<int> pids;
  for (auto& f : burst) pids.insert(f.get());
  for (int pid : pids) files.push_back("/proc/" + std::to_string(pid) + "/status");
  auto all = [&] {
    std::vector<long> sleeps;
    for (auto& f : files) sleeps.push_back(sleeps_of(f));
    return sleeps;
  };
  std::vector<long> before, now = all();
  EXPECT_GT(now[0], 0);
  for (int i = 0; i < 200 && now != before; i++) {  // the last one may still be on its way to bed
    before = now;
    std::this_thread::sleep_for(20ms);
    now = all();
  }
  EXPECT_EQ(now, before);
}

// What the memory files of this process take.
std::uintmax_t memory_taken() {
  std::uintmax_t sum = 0;
  for (auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) {
    struct stat s{};
    std::error_code gone;
    auto name = std::filesystem::read_symlink(fd.path(), gone).string();
    if (name.find("memfd:") != std::string::npos && ::stat(fd.path().c_str(), &s) == 0)
      sum += std::uintmax_t(s.st_blocks) * 512;
  }
  return sum;
}

TEST(process_manager, memory_of_large_arguments_is_given_back) {
  process_pool pool({.workers = 1});
  auto size = [](std::string s) { return s.size(); };
  std::string large(50'000, 'x');
  pool.warm_up().get();  // so that the manager has nothing to wake up for
  for (int i = 0; i < 20; i++) EXPECT_EQ(pool.start(size, "small").get(), 5u);
  EXPECT_EQ(pool.start(size, large).get(), large.size());
  std::uintmax_t taken = memory_taken();
  EXPECT_GT(taken, large.size());
  for (int i = 0; i < 500 && memory_taken() > taken - large.size(); i++)
    std::this_thread::sleep_for(20ms);
  EXPECT_LE(memory_taken(), taken - large.size());
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
