#include <kettle/sync/detail/small_lock.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

TEST(small_lock, lets_one_thread_in_at_a_time) {
  detail::small_lock lock;
  long count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; i++) {
        detail::small_guard locked(lock);
        count++;
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(count, 80'000);
}

TEST(small_lock, waits_for_a_holder_that_does_not_run) {
  detail::small_lock lock;
  int value = 0;
  lock.lock();
  std::thread other([&] {
    detail::small_guard locked(lock);
    value = 2;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(2));  // longer than it spins
  value = 1;
  lock.unlock();
  other.join();
  EXPECT_EQ(value, 2);
}

}  // namespace
}  // namespace kettle
