#include <kettle/base/clock.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace kettle {
namespace {

using namespace std::chrono_literals;

duration taken(any_duration d) { return d; }

TEST(clock, takes_a_duration_of_any_unit) {
  EXPECT_EQ(taken(2s), 2'000'000'000ns);
  EXPECT_EQ(taken(-3h), -10'800'000'000'000ns);
  EXPECT_EQ(taken(std::chrono::duration<double>(0.25)), 250ms);
  EXPECT_EQ((taken(std::chrono::duration<std::int64_t, std::pico>(7'999))), 7ns);
}

TEST(clock, cuts_a_duration_that_nanoseconds_cannot_hold) {
  using years = std::chrono::duration<std::int64_t, std::ratio<31'556'952>>;
  using wide_unsigned = std::chrono::duration<std::uint64_t, std::ratio<1>>;
  EXPECT_EQ(taken(std::chrono::seconds::max()), duration::max());
  EXPECT_EQ(taken(std::chrono::hours::max()), duration::max());
  EXPECT_EQ(taken(years(300)), duration::max());
  EXPECT_EQ(taken(years::max()), duration::max());
  EXPECT_EQ(taken(wide_unsigned::max()), duration::max());
  EXPECT_EQ(taken(duration::max()), duration::max());
  EXPECT_EQ(taken(std::chrono::seconds::min()), duration::min());
  EXPECT_EQ(taken(years(-300)), duration::min());
}

TEST(clock, knows_no_end_and_no_number) {
  using real = std::chrono::duration<double>;
  EXPECT_EQ(taken(real(std::numeric_limits<double>::infinity())), duration::max());
  EXPECT_EQ(taken(real(-std::numeric_limits<double>::infinity())), duration::min());
  EXPECT_EQ(taken(real(1e300)), duration::max());
  EXPECT_EQ(taken(real(std::nan(""))), duration(0));
}

static_assert(!std::is_convertible_v<int, any_duration>, "a number has no unit");

}  // namespace
}  // namespace kettle
