#include "threads/parking.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

TEST(parking, nobody_looks_in_an_empty_lot) {
  parking lot;
  EXPECT_FALSE(lot.announce());
  EXPECT_EQ(lot.wakes(), 0u);
}

// Producers and workers with nothing but a counter between them: a lost wake-up would hang the
// test.
TEST(parking, no_announcement_is_lost) {
  constexpr int producers = 2, workers = 3, each = 20'000;
  parking lot;
  atomic<int> queued{0}, done{0};
  auto any_work = [&] { return queued.load(acquire) > 0; };
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; w++) {
    threads.emplace_back([&] {
      while (done.load(relaxed) < producers * each) {
        int n = queued.load(relaxed);
        if (n > 0) {
          if (queued.compare_exchange_strong(n, n - 1, acquire) &&
              done.fetch_add(1, relaxed) + 1 == producers * each)
            lot.stop();
        } else if (lot.wait(any_work) && any_work()) {
          lot.announce();
        }
      }
    });
  }
  for (int p = 0; p < producers; p++) {
    threads.emplace_back([&] {
      for (int i = 0; i < each; i++) {
        queued.fetch_add(1, release);
        lot.announce();
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(done.load(relaxed), producers * each);
}

TEST(parking, stop_wakes_all_sleepers) {
  parking lot;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) threads.emplace_back([&] { lot.wait([] { return false; }); });
  while (lot.sleepers() < 4) std::this_thread::yield();
  lot.stop();
  for (auto& t : threads) t.join();
  EXPECT_EQ(lot.sleepers(), 0u);
}

}  // namespace
}  // namespace kettle
