#include <kettle/base/error.hpp>
#include <kettle/testing.hpp>

#include <gtest/gtest.h>

namespace kettle::testing {
namespace {

TEST(testing_tools, belong_into_an_exploration) {
  EXPECT_THROW(thread([] {}), usage_error);
  EXPECT_THROW(choose(2), usage_error);
  EXPECT_EQ(explore({}, [] { choose(64); }).kind, "exception");
  EXPECT_THROW(check(false, "something"), usage_error);
  EXPECT_NO_THROW(check(true, "something"));
  var<int> n = 1;
  EXPECT_THROW(n.get(), usage_error);
}

TEST(testing_thread, is_joined_when_it_goes) {
  exploration fine = explore({.strategy = dfs(1)}, [] {
    var<int> n = 0;
    {
      thread t([&] { n = 1; });
    }
    check(n == 1, "it has ended");
  });
  EXPECT_TRUE(fine.exhausted) << fine;
}

TEST(testing_thread, what_its_function_holds_ends_with_it) {
  exploration fine = explore({.strategy = dfs(1)}, [] {
    auto shared = std::make_shared<int>(1);
    thread t([held = shared] {});
    t.join();
    check(shared.use_count() == 1, "the thread holds it no more");
  });
  EXPECT_TRUE(fine.exhausted) << fine;
}

TEST(testing_thread, has_the_name_it_gives_itself) {
  exploration found = explore({}, [] {
    thread t([] {
      name_thread("stoker");
      check(false, "always");
    });
  });
  EXPECT_NE(found.schedule.find("stoker"), std::string::npos) << found;
}

}  // namespace
}  // namespace kettle::testing
