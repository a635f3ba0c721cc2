#include "measure.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "pipe_io.hpp"
#include "work.hpp"

using namespace kettle::app;

namespace {

cell computing(std::vector<std::string> items) {
  cell c;
  c.items = std::move(items);
  return c;
}

}  // namespace

TEST(measure, finds_a_number_in_the_kernels_account) {
  std::string status = "Name:\tx\nVmHWM:\t    5120 kB\nThreads:\t3\n";
  EXPECT_EQ(status_number(status, "VmHWM:"), 5120);
  EXPECT_EQ(status_number(status, "Threads:"), 3);
  EXPECT_EQ(status_number(status, "VmSwap:"), -1);
}

TEST(measure, figures_are_those_of_this_process) {
  auto r = measure(computing({"fib 25", "fib 26"}));
  EXPECT_EQ(r.problem, "");
  EXPECT_EQ(r.failed, 0u);
  EXPECT_GT(r.wall_s, 0);
  EXPECT_GE(r.cpu_s, 0);
  EXPECT_GT(r.peak_kib, 0);
  EXPECT_GE(r.threads, 1);
  EXPECT_EQ(r.answers, sha256("75025\n121393\n"));
}

TEST(measure, an_item_that_fails_is_named_and_the_others_are_done) {
  auto r = measure(computing({"file 1 /none/at/all", "fib 10"}));
  EXPECT_EQ(r.problem, "");
  EXPECT_EQ(r.failed, 1u);
  EXPECT_EQ(r.failures, (std::vector<failure>{{"/none/at/all", "No such file or directory"}}));
}

TEST(measure, not_more_failures_are_told_than_were_asked_for) {
  auto c = computing(std::vector<std::string>(30, "file 1 /none"));
  c.most_told = 2;
  auto r = measure(c);
  EXPECT_EQ(r.failed, 30u);
  EXPECT_EQ(r.failures.size(), 2u);
}

TEST(measure, serves_one_cell_through_pipes_whatever_else_is_printed) {
  // serve_cell turns its own two descriptors away from the pipes: they are copies here.
  std::array<int, 2> in{}, out{};
  ASSERT_EQ(::pipe(in.data()), 0);
  ASSERT_EQ(::pipe(out.data()), 0);
  ASSERT_TRUE(write_all(in[1], to_json(computing({"fib 10"}))));
  ::close(in[1]);
  EXPECT_EQ(serve_cell(in[0], out[1]), 0);
  ::close(in[0]), ::close(out[1]);
  std::array<char, 4096> buffer{};
  ssize_t n = ::read(out[0], buffer.data(), buffer.size());
  ASSERT_GT(n, 0);
  auto r = result_from_json({buffer.data(), static_cast<std::size_t>(n)});
  EXPECT_EQ(r.answers, sha256("55\n"));
  ::close(out[0]);
}
