#include "io/lanes.hpp"

#include "io/io_rig.hpp"

#include <kettle/sync/event.hpp>

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

TEST(busy_run, is_no_deadlock_and_virtual_time_waits_for_it) {
  run(on("virtual"), []() -> task<> {
    busy_run counted;
    event answered;
    std::thread answering([&] {
      std::this_thread::sleep_for(30ms);
      answered.set();
    });
    EXPECT_TRUE(co_await move_on_after(1s, answered.wait()));
    answering.join();
  });
}

}  // namespace
}  // namespace kettle
