#include <kettle/base/atomic.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/kettle.hpp>
#include <kettle/testing.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace kettle {
namespace {

// Outside of an exploration the explored build is an ordinary library.

TEST(seam, outside_of_an_exploration_atomics_and_locks_do_what_they_do) {
  int n = 0;
  atomic<int> m{0};
  spin_lock lock;
  auto add = [&] {
    for (int i = 0; i < 1000; i++) {
      m.fetch_add(1, relaxed);
      spin_guard held(lock);
      n++;
    }
  };
  std::thread other(add);
  add();
  other.join();
  EXPECT_EQ(n, 2000);
  EXPECT_EQ(m.load(relaxed), 2000);
}

TEST(seam, outside_of_an_exploration_programs_run) {
  int sum = run([](nursery& n) -> task<int> {
    auto a = n.start(on_thread, [] { return 1; });
    auto b = n.start(on_cores, [] { return 2; });
    int got = co_await a;
    got += co_await b;
    co_return got;
  });
  EXPECT_EQ(sum, 3);
}

TEST(seam, a_block_may_be_freed_after_its_exploration) {
  void* kept = nullptr;
  testing::exploration found = testing::explore({}, [&] { kept = allocate_block(40); });
  EXPECT_EQ(found.kind, "leak");
  free_block_of(kept, 40);
  void* outside = allocate_block(40);
  free_block_of(outside, 40);
}

TEST(seam, atomics_in_constants_have_no_points) {
  static constinit atomic<int> n{3};
  EXPECT_EQ(n.load(relaxed), 3);
}

}  // namespace
}  // namespace kettle
