#include <kettle/coro/every.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

TEST(every, counts_missed_beats_and_keeps_its_phase) {
  std::vector<std::uint64_t> beats;
  std::vector<long> at;
  run({.time = time_kind::virtual_time}, [&]() -> task<> {
    time_point start = clock::now();
    auto ticks = every(10s);
    for (duration work : {0s, 5s, 32s, 0s}) {
      auto n = co_await ticks.next();
      beats.push_back(*n);
      at.push_back((clock::now() - start) / 1s);
      co_await sleep_for(work);
    }
    co_await ticks.next();
    at.push_back((clock::now() - start) / 1s);
  });
  EXPECT_EQ(beats, (std::vector<std::uint64_t>{1, 1, 1, 3}));
  EXPECT_EQ(at, (std::vector<long>{10, 20, 30, 62, 70}));
}

TEST(every, needs_a_positive_interval) {
  EXPECT_THROW(every(0s), usage_error);
  EXPECT_THROW(every(-1s), usage_error);
}

}  // namespace
}  // namespace kettle
