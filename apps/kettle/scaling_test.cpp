#include "scaling.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace kettle::app;

namespace {

cell pages(method how, std::size_t items, std::size_t width) {
  cell c;
  c.work = work_kind::fetch;
  c.how = how;
  c.width = width;
  for (std::size_t i = 0; i < items; i++) c.items.push_back(std::to_string(i));
  return c;
}

constexpr item_cost waits{.wall_s = 0.02, .cpu_s = 0.0002};
constexpr item_cost computes{.wall_s = 0.02, .cpu_s = 0.02};

}  // namespace

TEST(scaling, waiting_takes_as_many_turns_as_the_width_asks_for) {
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::sequential, 10'000, 1), waits, 2), 200);
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::threads, 10'000, 50), waits, 2), 4);
  // All at once: then it is the one core that decides.
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::coroutines, 10'000, 10'000), waits, 2), 2);
}

TEST(scaling, computing_takes_the_cores_that_a_method_can_use) {
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::sequential, 100, 1), computes, 2), 2);
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::fibers, 100, 100), computes, 2), 2);
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::threads, 100, 2), computes, 2), 1);
  EXPECT_DOUBLE_EQ(predicted_s(pages(method::processes, 100, 64), computes, 2), 1);
  auto programs = pages(method::coroutines, 100, 64);
  programs.work = work_kind::execute;
  EXPECT_DOUBLE_EQ(predicted_s(programs, computes, 2), 1);
}

TEST(scaling, a_probe_is_a_few_items_of_the_whole_list_in_sequence) {
  auto probe = probe_of(pages(method::fibers, 1000, 64));
  EXPECT_EQ(probe.how, method::sequential);
  EXPECT_EQ(probe.width, 1u);
  EXPECT_EQ(probe.items, (std::vector<std::string>{"0", "200", "400", "600", "800"}));
  EXPECT_EQ(probe_of(pages(method::fibers, 2, 2)).items.size(), 2u);
  cell_result took;
  took.wall_s = 1;
  took.cpu_s = 0.5;
  EXPECT_DOUBLE_EQ(cost_from(took, 5).wall_s, 0.2);
  EXPECT_DOUBLE_EQ(cost_from(took, 5).cpu_s, 0.1);
}

TEST(scaling, fewer_items_are_two_hundred_and_no_wider_than_that) {
  auto less = on_fewer_items(pages(method::coroutines, 10'000, 10'000));
  EXPECT_EQ(less.items.size(), 200u);
  EXPECT_EQ(less.width, 200u);
  EXPECT_EQ(on_fewer_items(pages(method::threads, 10'000, 64)).width, 64u);
  EXPECT_EQ(on_fewer_items(pages(method::threads, 5, 5)).items.size(), 5u);
}

TEST(scaling, time_is_scaled_and_nothing_else) {
  cell_result r;
  r.items = 200;
  r.wall_s = 4;
  r.cpu_s = 0.04;
  r.startup_s = 0.001;
  r.peak_kib = 9000;
  r.threads = 65;
  r.failed = 3;
  auto whole = scaled_to(r, 10'000);
  EXPECT_DOUBLE_EQ(whole.wall_s, 200);
  EXPECT_DOUBLE_EQ(whole.cpu_s, 2);
  EXPECT_DOUBLE_EQ(whole.startup_s, 0.001);
  EXPECT_EQ(whole.peak_kib, 9000);
  EXPECT_EQ(whole.threads, 65);
  EXPECT_EQ(whole.failed, 3u);
  EXPECT_EQ(whole.items, 200u);
  EXPECT_DOUBLE_EQ(scaled_to(r, 200).wall_s, 4);
}
