#include "observe/advice.hpp"

#include <gtest/gtest.h>

namespace kettle {
namespace {

machine_report sound() {
  machine_report r;
  r.loop = "io_uring";
  r.io_uring = true;
  r.cores = r.affinity_cores = 4;
  r.files_soft = r.files_hard = 20'000;
  r.light_guards = r.pipes_nowait = true;
  return r;
}

TEST(advice, a_sound_machine_needs_none) { EXPECT_TRUE(advice_for(sound()).empty()); }

TEST(advice, a_denied_io_uring_is_named_with_its_reason) {
  auto r = sound();
  r.io_uring = false;
  r.io_uring_denied = "Operation not permitted";
  EXPECT_EQ(advice_for(r),
            (std::vector<std::string>{
                "io_uring cannot be used, epoll stands in: Operation not permitted"}));
}

TEST(advice, what_an_older_kernel_lacks_is_named_with_its_price) {
  auto r = sound();
  r.light_guards = false;
  ASSERT_EQ(advice_for(r).size(), 1u);
  EXPECT_TRUE(advice_for(r)[0].starts_with("no light guard pages (Linux 6.13): each fiber's"));
  r = sound();
  r.pipes_nowait = false;
  ASSERT_EQ(advice_for(r).size(), 1u);
  EXPECT_TRUE(advice_for(r)[0].starts_with("no RWF_NOWAIT on pipes (Linux 6.15): each read"));
}

TEST(advice, few_descriptors_come_with_the_way_to_more) {
  auto r = sound();
  r.files_soft = 1024;
  EXPECT_EQ(advice_for(r),
            (std::vector<std::string>{
                "only 1024 descriptors at once: `ulimit -n 20000` allows more connections"}));
  r.files_hard = 1024;
  ASSERT_EQ(advice_for(r).size(), 1u);
  EXPECT_NE(advice_for(r)[0].find("only root can raise that"), std::string::npos);
}

TEST(advice, a_quota_below_the_cores_and_a_single_core_are_said) {
  auto r = sound();
  r.cpu_quota = 1.5;
  r.cores = 2;
  EXPECT_EQ(advice_for(r),
            (std::vector<std::string>{
                "a quota of 1.5 CPUs on 4 cores: computing in more than 2 threads gains nothing"}));
  r = sound();
  r.cores = r.affinity_cores = 1;
  EXPECT_EQ(advice_for(r),
            (std::vector<std::string>{
                "one usable core: threads can overlap waits here, but not computing"}));
}

TEST(advice, no_loop_at_all_is_said_first) {
  auto r = sound();
  r.loop = "";
  r.loop_reason = "io_uring was asked for, but it is denied";
  EXPECT_EQ(advice_for(r)[0], "no loop can run: io_uring was asked for, but it is denied");
}

}  // namespace
}  // namespace kettle
