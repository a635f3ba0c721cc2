#include "io/lanes.hpp"

#include "io/io_rig.hpp"

#include <atomic>
#include <thread>

namespace kettle {
namespace {

TEST(file_lane, runs_four_file_jobs_at_once_and_no_more) {
  std::atomic<int> now{0}, most{0};
  auto job = [&] {
    int n = ++now;
    for (int seen = most; seen < n && !most.compare_exchange_weak(seen, n);) {}
    std::this_thread::sleep_for(20ms);
    --now;
  };
  run([&](nursery& n) -> task<> {
    for (int i = 0; i < 10; i++) n.start(on_file_lane, job);
    co_return;
  });
  EXPECT_EQ(most, 4);
}

TEST(name_lane, what_nobody_waits_for_is_left_behind) {
  auto began = std::chrono::steady_clock::now();
  static std::atomic<bool> ended{false};
  run([]() -> task<> {
    busy_run counted;
    name_lane names;
    auto late = names.start([] {
      std::this_thread::sleep_for(300ms);
      ended = true;
    });
    EXPECT_FALSE(co_await move_on_after(10ms, late));
  });
  EXPECT_LT(std::chrono::steady_clock::now() - began,
            250ms);  // nor does the end of the run wait for it
  while (!ended) std::this_thread::sleep_for(1ms);
}

TEST(name_lane, an_answer_is_no_deadlock_and_virtual_time_waits_for_it) {
  run(on("virtual"), []() -> task<> {
    busy_run counted;
    name_lane names;
    auto answer = names.start([] {
      std::this_thread::sleep_for(30ms);
      return 42;
    });
    auto got = co_await move_on_after(1s, answer);
    EXPECT_EQ(got, 42);
  });
}

}  // namespace
}  // namespace kettle
