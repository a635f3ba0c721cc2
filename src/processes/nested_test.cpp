#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/map.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/processes/on_process.hpp>
#include <kettle/processes/process_pool.hpp>

#include <gtest/gtest.h>

#include <vector>

#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

int depth(int n) {
  if (n == 0) return 0;
  return 1 + on_process(depth, n - 1).get();
}

TEST(nested_processes, a_worker_runs_what_it_starts_itself_however_deep) {
  process_pool pool({.workers = 1});
  EXPECT_EQ(pool.start(depth, 5).get(), 5);
}

task<int> same_process(int pid) {
  std::vector<int> in{1, 2, 3};
  auto pids = co_await map(on_process, [](int) { return int(::getpid()); }, in);
  int same = 0;
  for (int p : pids) same += p == pid || pid == 0;
  auto late = co_await move_on_after(1ms, on_process([] { sleep_forever().get(); }));
  co_return late ? -1 : same;
}

TEST(nested_processes, a_coroutine_in_a_worker_maps_and_cancels_there) {
  process_pool pool({.workers = 1});
  int pid = pool.start([] { return int(::getpid()); }).get();
  EXPECT_EQ(pool.start(same_process, pid).get(), 3);
}

}  // namespace
}  // namespace kettle
