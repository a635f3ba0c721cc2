#include "client.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "work.hpp"

using namespace kettle::app;

namespace {

cell executing(std::string script) {
  cell c;
  c.work = work_kind::execute;
  c.script = std::move(script);
  return c;
}

}  // namespace

TEST(client, computes_in_the_thread_it_is_called_in) {
  cell c;
  EXPECT_EQ(do_item(c, "fib 20"), "6765");
}

TEST(client, runs_a_program_and_says_how_it_failed) {
  EXPECT_EQ(do_item(executing("test \"$1\" = good"), "good"), "done");
  try {
    do_item(executing("exit 3"), "x");
    FAIL();
  } catch (const std::runtime_error& wrong) {
    EXPECT_STREQ(wrong.what(), "exit status 3");
  }
  EXPECT_GE(running_program::most_at_once(), 1);
}

TEST(client, counts_the_most_programs_at_once) {
  int before = running_program::most_at_once();
  {
    std::array<running_program, 5> some;
    EXPECT_GE(running_program::most_at_once(), 5);
  }
  running_program one_more;
  EXPECT_EQ(running_program::most_at_once(), std::max(before, 5));
}

TEST(client, its_lines_are_counted) {
  EXPECT_GT(lines_of_client(work_kind::fetch), 10);
  EXPECT_EQ(lines_of_client(work_kind::fetch_and_compute), lines_of_client(work_kind::fetch) + 1);
  EXPECT_GT(lines_of_client(work_kind::execute), 3);
  EXPECT_EQ(lines_of_client(work_kind::compute), 1);
}
