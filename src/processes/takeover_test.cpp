#include "processes/server.hpp"

#include <kettle/coro/pool_call.hpp>
#include <kettle/processes/process_pool.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace kettle {
namespace {

// Constructed before main(), and so before a worker's first task.
std::string constructed = std::string("by its ") + "constructor";
bool main_has_run = false;

class runs_in_main : public ::testing::Environment {
  void SetUp() override { main_has_run = true; }
};
[[maybe_unused]] const auto* in_main = ::testing::AddGlobalTestEnvironment(new runs_in_main);

TEST(takeover, workers_begin_after_the_constructors_and_before_main) {
  ASSERT_TRUE(can_take_over());
  EXPECT_TRUE(main_has_run);
  process_pool pool({.workers = 1});
  EXPECT_EQ(pool.start([] { return constructed; }).get(), "by its constructor");
  EXPECT_FALSE(pool.start([] { return main_has_run; }).get());
}

TEST(takeover, the_variable_is_gone_in_workers) {
  process_pool pool({.workers = 1});
  EXPECT_TRUE(pool.start([] { return std::getenv(server_variable) == nullptr; }).get());
}

}  // namespace
}  // namespace kettle
