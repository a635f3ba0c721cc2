#include "rounds.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace kettle::app;

namespace {

const rounds_wanted three_of_two{{method::sequential, method::threads}, 3};

cell_result took(double seconds) {
  cell_result r;
  r.wall_s = seconds;
  return r;
}

}  // namespace

TEST(rounds, every_method_takes_its_turn_at_being_first) {
  std::string order;
  auto done = run_rounds(
      three_of_two,
      [&](method m, int round) -> std::optional<cell_result> {
        order += std::to_string(round) + std::string(name_of(m)).substr(0, 1) + " ";
        return took(1);
      },
      [] { return 0.0; });
  EXPECT_EQ(order, "0s 0t 1t 1s 2s 2t ");
  EXPECT_EQ(done.kept.size(), 3u);
  EXPECT_FALSE(done.too_busy());
  EXPECT_FALSE(done.interrupted);
}

TEST(rounds, a_busy_round_is_put_aside_and_repeated) {
  std::vector<double> seen = {0, 0, 0, 0.11, 0, 0.10, 0, 0};  // before and after four rounds
  std::size_t next = 0;
  auto done = run_rounds(
      three_of_two, [](method, int round) -> std::optional<cell_result> { return took(round); },
      [&] { return seen.at(next++); });
  ASSERT_EQ(done.kept.size(), 3u);
  ASSERT_EQ(done.discarded.size(), 1u);
  EXPECT_EQ(done.discarded[0].at(method::threads).wall_s, 1);
  EXPECT_DOUBLE_EQ(done.busiest, 0.10);
  EXPECT_FALSE(done.too_busy());
  EXPECT_EQ(next, seen.size());
}

TEST(rounds, a_machine_that_stays_busy_ends_at_three_times_as_many) {
  int probes = 0;
  auto done = run_rounds(
      three_of_two, [](method, int) -> std::optional<cell_result> { return took(1); },
      [&] { return ++probes <= 2 ? 0.0 : 0.5; });
  EXPECT_EQ(done.run(), 9);
  EXPECT_EQ(done.kept.size(), 1u);
  EXPECT_TRUE(done.too_busy());
  EXPECT_EQ(done.usable().size(), 1u);
}

TEST(rounds, half_of_the_rounds_are_enough) {
  int probes = 0;
  auto done = run_rounds(
      {{method::sequential}, 4}, [](method, int) -> std::optional<cell_result> { return took(1); },
      [&] { return ++probes <= 4 ? 0.0 : 0.5; });
  EXPECT_EQ(done.kept.size(), 2u);
  EXPECT_FALSE(done.too_busy());
}

TEST(rounds, with_nothing_kept_the_table_shows_what_there_is) {
  auto done = run_rounds(
      three_of_two, [](method, int) -> std::optional<cell_result> { return took(1); },
      [] { return 1.0; });
  EXPECT_TRUE(done.too_busy());
  EXPECT_EQ(done.usable().size(), 9u);
}

TEST(rounds, an_interruption_keeps_what_was_measured) {
  int cells = 0;
  auto stop_after = [&](int last) {
    cells = 0;
    return run_rounds(
        three_of_two,
        [&, last](method, int) -> std::optional<cell_result> {
          if (cells++ == last) return std::nullopt;
          return took(1);
        },
        [] { return 0.0; });
  };
  auto early = stop_after(1);
  EXPECT_TRUE(early.interrupted);
  ASSERT_EQ(early.usable().size(), 1u);
  EXPECT_EQ(early.usable()[0].size(), 1u);
  auto later = stop_after(3);
  EXPECT_EQ(later.usable().size(), 1u);
  EXPECT_EQ(later.usable()[0].size(), 2u);
  EXPECT_FALSE(later.too_busy());
}
