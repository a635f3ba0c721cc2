#include "io/lanes.hpp"

#include "io/io_rig.hpp"

#include <atomic>
#include <thread>

namespace kettle {
namespace {

TEST(io_lane, runs_four_file_jobs_at_once_and_no_more) {
  std::atomic<int> now{0}, most{0};
  auto job = [&] {
    int n = ++now;
    for (int seen = most; seen < n && !most.compare_exchange_weak(seen, n);) {
    }
    std::this_thread::sleep_for(20ms);
    --now;
  };
  run([&](nursery& n) -> task<> {
    for (int i = 0; i < 10; i++) n.start(on_file_lane, job);
    co_return;
  });
  EXPECT_EQ(most, 4);
}

TEST(io_lane, a_name_job_is_left_behind_when_its_caller_is_cancelled) {
  run([]() -> task<> {
    auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(co_await move_on_after(10ms, on_name_lane([] { std::this_thread::sleep_for(300ms); })));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 250ms);
  });
}

}  // namespace
}  // namespace kettle
