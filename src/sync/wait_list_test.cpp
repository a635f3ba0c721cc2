#include <kettle/sync/detail/wait_list.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kettle {
namespace {

struct named_wait final : detail::queued_wait {
  named_wait(char n, std::string& log) noexcept : name(n), woken(log) {}
  bool start() override { return false; }
  void unlink() noexcept override {}
  void granted() noexcept override { woken += name; }
  const char* what() const noexcept override { return "test"; }
  char name;
  std::string& woken;
};

TEST(wait_list, grants_in_order_of_arrival_and_passes_over_the_cancelled) {
  std::string woken;
  named_wait a('a', woken), b('b', woken), c('c', woken);
  detail::wait_list waiting, granted;
  for (named_wait* w : {&a, &b, &c}) waiting.push_back(*w);
  EXPECT_EQ(waiting.size(), 3u);
  a.take(claim::cancelled);
  EXPECT_EQ(waiting.grant_first(), &b);
  EXPECT_EQ(waiting.front(), &c);  // no granter walks past it again
  EXPECT_EQ(waiting.size(), 1u);
  granted.push_back(b);
  waiting.grant_all(granted, detail::wait_end::broken);
  EXPECT_EQ(c.end_, detail::wait_end::broken);
  granted.wake_all();
  EXPECT_EQ(woken, "bc");
  EXPECT_FALSE(waiting.empty());  // it unlinks itself
  waiting.remove(a);
  EXPECT_TRUE(waiting.empty());
  waiting.remove(a);  // harmless
  EXPECT_TRUE(waiting.empty());
  EXPECT_EQ(waiting.grant_first(), nullptr);
}

TEST(wait_list, keeps_one_of_a_select_that_is_starting) {
  std::string woken;
  named_wait a('a', woken), b('b', woken);
  claim_group group{.who = &this_context()};
  group.state.store(claim::starting, relaxed);
  a.join(group);
  detail::wait_list waiting, granted;
  for (named_wait* w : {&a, &b}) waiting.push_back(*w);
  waiting.grant_all(granted);
  EXPECT_EQ(waiting.front(), &a);
  EXPECT_EQ(granted.front(), &b);
  group.state.store(claim::open, relaxed);
  EXPECT_EQ(waiting.grant_first(), &a);
}

TEST(wait_list, removes_from_the_middle) {
  std::string woken;
  named_wait a('a', woken), b('b', woken), c('c', woken);
  detail::wait_list waiting;
  for (named_wait* w : {&a, &b, &c}) waiting.push_back(*w);
  waiting.remove(b);
  EXPECT_EQ(detail::wait_list::next(a), &c);
  waiting.remove(c);
  EXPECT_EQ(waiting.front(), &a);
  waiting.push_back(b);
  waiting.wake_all();
  EXPECT_EQ(woken, "ab");
}

}  // namespace
}  // namespace kettle
