#include "sys/outsiders.hpp"

#include "sys/signals.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include <unistd.h>

namespace kettle {
namespace {
namespace fs = std::filesystem;

// A list of threads of our own.
struct planted_tasks {
  std::string root;
  planted_tasks() {
    char name[] = "/tmp/kettle-tasks-XXXXXX";
    root = ::mkdtemp(name);
  }
  ~planted_tasks() { fs::remove_all(root); }
  void put(int id, const std::string& name, unsigned flags) {
    fs::path at = fs::path(root) / std::to_string(id);
    fs::create_directory(at);
    std::ofstream(at / "stat") << id << " (" << name << ") S 1 1 1 0 -1 " << flags << " 7 8 9\n";
  }
};

TEST(outsiders, a_thread_that_ends_and_the_kernels_own_do_not_count) {
  planted_tasks tasks;
  tasks.put(1, "main", 0x400000);
  tasks.put(2, "named) 4 (badly", 0x400040);
  EXPECT_EQ(sys::count_threads(tasks.root), 2);
  tasks.put(3, "ending", 0x400044);
  tasks.put(4, "iou-wrk-1", 0x400050);
  tasks.put(5, "iou-sqp-1", 0x404040);
  fs::create_directory(tasks.root + "/6");  // gone since it was listed
  EXPECT_EQ(sys::count_threads(tasks.root), 2);
}

TEST(outsiders, what_cannot_be_read_is_unknown) {
  EXPECT_EQ(sys::count_threads("/nowhere"), -1);
  EXPECT_EQ(sys::count_threads("/proc/self/fd"), -1);
}

TEST(outsiders, a_thread_is_one_unless_it_is_at_rest) {
  std::thread([] {}).join();  // with the first one TSan starts one of its own
  int ours = sys::count_threads() - sys::threads_at_rest.load(relaxed);
  EXPECT_FALSE(sys::has_outsiders(ours));
  std::latch over(1);
  std::thread other([&] { over.wait(); });
  EXPECT_TRUE(sys::has_outsiders(ours));
  sys::threads_at_rest.fetch_add(1, relaxed);
  EXPECT_FALSE(sys::has_outsiders(ours));
  sys::threads_at_rest.fetch_sub(1, relaxed);
  over.count_down();
  other.join();
  EXPECT_FALSE(sys::has_outsiders(ours));  // it may still be listed
}

TEST(outsiders, a_handler_is_one_unless_it_is_ours_or_a_faults) {
  EXPECT_FALSE(sys::program_handles_signals());
  {
    sys::signal_handler ours(SIGUSR1, [](int) {});
    EXPECT_FALSE(sys::program_handles_signals());
    auto before = ::signal(SIGUSR2, [](int) {});
    EXPECT_TRUE(sys::program_handles_signals());
    ::signal(SIGUSR2, before);
    before = ::signal(SIGSEGV, [](int) {});
    EXPECT_FALSE(sys::program_handles_signals());
    ::signal(SIGSEGV, before);
  }
  auto before = ::signal(SIGUSR1, [](int) {});
  EXPECT_TRUE(sys::program_handles_signals());
  ::signal(SIGUSR1, before);
}

TEST(outsiders, tell_what_a_thread_does) {
  EXPECT_EQ(sys::thread_state(::gettid()), 'R');
  EXPECT_EQ(sys::thread_state(-1), 0);
}

}  // namespace
}  // namespace kettle
