#include "run_cell.hpp"

#include "child.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>

using namespace kettle::app;

namespace {

cell_runner shell(const std::string& script) { return {{"/bin/sh", "-c", script}, 0}; }

cell small() {
  cell c;
  c.items = {"fib 1"};
  return c;
}

std::string result_text() {
  cell_result r;
  r.wall_s = 2;
  return to_json(r);
}

}  // namespace

TEST(run_cell, hands_the_cell_over_and_takes_the_result) {
  interrupts asked;
  auto r = run_cell(small(), asked, shell("grep -q 'fib 1' && printf %s '" + result_text() + "'"));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->problem, "");
  EXPECT_DOUBLE_EQ(r->wall_s, 2);
}

TEST(run_cell, a_long_list_goes_through_even_if_nobody_reads_it) {
  interrupts asked;
  cell c = small();
  c.items.assign(100'000, "fib 1");
  auto r = run_cell(c, asked, shell("printf %s '" + result_text() + "'"));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->problem, "");
  r = run_cell(c, asked, shell("cat >/dev/null; printf %s '" + result_text() + "'"));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->problem, "");
}

TEST(run_cell, a_process_that_breaks_is_a_result_that_says_how) {
  interrupts asked;
  EXPECT_EQ(run_cell(small(), asked, shell("exit 3"))->problem, "its process ended with exit 3");
  EXPECT_EQ(run_cell(small(), asked, shell("kill -11 $$"))->problem,
            "its process ended with signal 11 (Segmentation fault)");
  EXPECT_NE(run_cell(small(), asked, shell("echo hello"))->problem.find("not a cell"),
            std::string::npos);
}

TEST(run_cell, waiting_has_a_limit_and_computing_has_none) {
  cell c;
  c.items.assign(200, "http://x/");
  c.timeout_s = 10;
  c.width = 200;
  EXPECT_DOUBLE_EQ(longest_s(c), 0);
  c.work = work_kind::fetch;
  EXPECT_DOUBLE_EQ(longest_s(c), 76);
  c.width = 1;
  EXPECT_DOUBLE_EQ(longest_s(c), 200 * 16 + 60);
}

TEST(run_cell, an_interruption_ends_the_process_and_gives_no_result) {
  interrupts asked;
  ::kill(::getpid(), SIGINT);
  EXPECT_FALSE(run_cell(small(), asked, shell("exec sleep 600")));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nobody is left
}
