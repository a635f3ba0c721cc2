#include <kettle/processes/errors.hpp>

#include <gtest/gtest.h>

namespace kettle {
namespace {

TEST(process_errors, a_death_names_worker_signal_and_task) {
  worker_died killed({.worker = 1, .pid = 77, .signal = 11, .task = 17, .peak_rss_bytes = 2 << 20});
  EXPECT_STREQ(killed.what(),
               "worker 1 (pid 77) was killed by signal 11 (Segmentation fault) while it ran task "
               "17; peak memory 2 MiB");
  worker_died left({.worker = 0, .pid = 78, .exit_code = 3, .task = 4});
  EXPECT_STREQ(left.what(),
               "worker 0 (pid 78) called exit, status 3, while it ran task 4; peak memory 0 MiB");
}

TEST(process_errors, a_remote_error_names_its_type) {
  remote_error e("my::error", "too hot");
  EXPECT_STREQ(e.what(), "my::error: too hot");
  EXPECT_EQ(e.type, "my::error");
}

}  // namespace
}  // namespace kettle
