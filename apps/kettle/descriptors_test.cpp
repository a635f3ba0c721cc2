#include "descriptors.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

namespace {

const std::vector<method> three = {method::sequential, method::coroutines, method::fibers};

workload pages(std::size_t items, work_kind work = work_kind::fetch) {
  workload w;
  w.name = "waiting";
  w.work = work;
  w.items.assign(items, "x");
  return w;
}

cell_settings limited(std::size_t descriptors, std::optional<std::size_t> width = {}) {
  return {.width = width, .timeout_s = 10, .cores = 2, .descriptors = descriptors};
}

}  // namespace

TEST(descriptors, a_limit_that_narrows_is_one_line_with_its_numbers) {
  EXPECT_EQ(too_few_descriptors(pages(10'000), limited(1024), three),
            "waiting: the hard limit of 1024 descriptors (ulimit -Hn) allows 960 of the 10000 "
            "items at once: coroutines, fibers");
}

TEST(descriptors, nothing_is_said_where_there_are_enough_or_none_are_wanted) {
  EXPECT_EQ(too_few_descriptors(pages(10'000), limited(20'000), three), "");
  EXPECT_EQ(too_few_descriptors(pages(960), limited(1024), three), "");
  EXPECT_EQ(too_few_descriptors(pages(10'000, work_kind::compute), limited(1024), three), "");
  EXPECT_EQ(too_few_descriptors(pages(10'000, work_kind::execute), limited(1024), three), "");
  EXPECT_EQ(too_few_descriptors(pages(10'000), limited(1024), {method::threads}), "");
  EXPECT_EQ(too_few_descriptors(pages(10'000), limited(1024, 100), three), "");
}

TEST(descriptors, a_width_that_cannot_be_had_is_refused) {
  try {
    too_few_descriptors(pages(10'000), limited(1024, 5000), three);
    FAIL();
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.exit_status(), exit_usage);
    EXPECT_STREQ(wrong.what(),
                 "--width 5000: the hard limit of 1024 descriptors (ulimit -Hn) allows 960 at "
                 "once");
  }
}

TEST(descriptors, the_room_is_what_a_method_takes_by_itself) {
  auto settings = limited(1024);
  EXPECT_EQ(default_width(work_kind::fetch, method::coroutines, 10'000, settings),
            room_for_items(settings.descriptors));
}
