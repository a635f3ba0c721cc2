#include <gtest/gtest.h>

#include <stdexcept>

#include "client.hpp"

using namespace kettle::app;

TEST(client_coroutine, gives_what_its_twin_gives) {
  cell c;
  EXPECT_EQ(do_item_later(c, "fib 20").get(), do_item(c, "fib 20"));
  c.work = work_kind::execute;
  c.script = "test \"$1\" = good";
  EXPECT_EQ(do_item_later(c, "good").get(), "done");
  EXPECT_THROW(do_item_later(c, "bad").get(), std::runtime_error);
}

TEST(client_coroutine, its_lines_are_counted) {
  for (auto work :
       {work_kind::fetch, work_kind::fetch_and_compute, work_kind::execute, work_kind::compute})
    EXPECT_GT(lines_of_coroutine_client(work), 0);
}
