#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/processes/process_pool.hpp>

#include "processes/process_rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

// Gone, or dead and only waiting for its parent to say so.
bool has_ended(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return true;
  auto state = text.find(") ");
  return state == text.npos || text[state + 2] == 'Z' || text[state + 2] == 'X';
}

std::vector<std::string> shm_names() {
  std::vector<std::string> all;
  std::error_code none;
  for (auto& entry : std::filesystem::directory_iterator("/dev/shm", none))
    all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

int tell_and_hang(std::string path) {
  {
    std::ofstream out(path);
    out << ::getpid() << " " << ::getppid() << "\n";
  }
  for (;;) ::pause();
}

TEST(fork_server, nothing_is_left_when_the_client_is_killed) {
  SKIP_FORK_OF_THREADED();
  auto before = shm_names();
  char name[] = "/tmp/kettle-server-test-XXXXXX";
  ASSERT_GE(::mkstemp(name), 0);
  int client = ::fork();
  if (client == 0) {
    process_pool pool({.workers = 1});
    pool.start(tell_and_hang, std::string(name)).get();
    ::_exit(1);
  }
  int worker = 0, server = 0;
  while (worker == 0 || server == 0) {
    std::this_thread::sleep_for(1ms);
    std::ifstream(name) >> worker >> server;
  }
  ::unlink(name);
  EXPECT_FALSE(has_ended(worker));
  EXPECT_FALSE(has_ended(server));
  EXPECT_NE(server, client);
  ::kill(client, SIGKILL);
  ::waitpid(client, nullptr, 0);
  auto limit = clock::now() + 10s;  // the second that is promised, on a machine that may be busy
  while (clock::now() < limit && !(has_ended(worker) && has_ended(server)))
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(has_ended(worker));
  EXPECT_TRUE(has_ended(server));
  EXPECT_EQ(shm_names(), before);
}

int open_files(int) {
  int n = 0;
  for (auto& f : std::filesystem::directory_iterator("/proc/self/fd"))
    n += f.path().empty() ? 0 : 1;
  return n;
}

TEST(fork_server, workers_inherit_none_of_our_descriptors) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // not close-on-exec
  process_pool pool({.workers = 3});
  int first = pool.start(open_files, 0).get();
  for (int i = 0; i < 6; i++) EXPECT_EQ(pool.start(open_files, 0).get(), first);
  EXPECT_LE(first, 10);  // 0 to 2, what is shared, and the directory itself
  ::close(ends[0]), ::close(ends[1]);
}

TEST(fork_server, pools_leak_no_descriptor_here) {
  { process_pool({.workers = 1}).start(open_files, 0).get(); }
  int before = open_files(0);
  for (int i = 0; i < 5; i++) process_pool({.workers = 1}).start(open_files, 0).get();
  EXPECT_EQ(open_files(0), before);
}

}  // namespace
}  // namespace kettle
