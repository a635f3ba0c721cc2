#include "fibers/stack.hpp"

#include "fibers/sanitizer.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <vector>

#include <unistd.h>

namespace kettle {
namespace {

[[maybe_unused]] long resident_bytes() {
  long total = 0, resident = 0;
  FILE* f = std::fopen("/proc/self/statm", "r");
  if (!f || std::fscanf(f, "%ld %ld", &total, &resident) != 2) return -1;
  std::fclose(f);
  return resident * ::sysconf(_SC_PAGESIZE);
}

void touch(const stack& s, std::size_t bytes) {
  for (std::size_t i = 1; i <= bytes; i += 4096) *(volatile char*)(s.top() - i) = 1;
}

TEST(stack_pool, stacks_do_not_overlap_and_are_as_large_as_asked) {
  stack_pool pool({.stride_bytes = 64 * 1024});
  std::vector<stack> all;
  std::set<std::byte*> tops;
  for (int i = 0; i < 100; i++) {
    all.push_back(pool.take());
    touch(all.back(), all.back().size());
    EXPECT_GE(all.back().size(), 58u * 1024);
    EXPECT_TRUE(tops.insert(all.back().top()).second);
  }
  for (std::byte* t : tops) {
    auto next = tops.upper_bound(t);
    if (next != tops.end()) {
      EXPECT_GE(*next - t, 62 * 1024);
    }
  }
  EXPECT_EQ(pool.in_use(), 100u);
  for (auto& s : all) pool.give(s);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(stack_pool, the_stack_given_back_last_is_taken_first) {
  stack_pool pool;
  stack a = pool.take(), b = pool.take();
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(pool.take().top(), b.top());
  EXPECT_EQ(pool.take().top(), a.top());
  pool.give(a);
  pool.give(b);
}

#if !KETTLE_ASAN && !KETTLE_TSAN  // whose shadow counts as memory too
TEST(stack_pool, a_touched_stack_costs_what_was_touched) {
  constexpr int count = 10000;
  stack_pool pool;
  std::vector<stack> all;
  all.reserve(count);
  long before = resident_bytes();
  for (int i = 0; i < count; i++) touch(all.emplace_back(pool.take()), 4096);
  double each = double(resident_bytes() - before) / count;
  RecordProperty("bytes_each", std::to_string(each));
  EXPECT_LE(each, 4.3 * 1024);
  for (auto& s : all) pool.give(s);
}

TEST(stack_pool, memory_beyond_the_hot_stacks_is_given_back) {
  stack_pool pool({.hot = 16});
  std::vector<stack> all;
  for (int i = 0; i < 1000; i++) touch(all.emplace_back(pool.take()), 64 * 1024);
  long full = resident_bytes();
  for (auto& s : all) pool.give(s);
  EXPECT_EQ(pool.kept_hot(), 16u);
  EXPECT_LT(resident_bytes(), full - 50'000'000);
}
#endif

TEST(stack_pool, hot_stacks_not_needed_for_a_while_cool_down) {
  stack_pool pool;
  std::vector<stack> all;
  for (int i = 0; i < 1000; i++) all.push_back(pool.take());
  for (auto& s : all) pool.give(s);
  EXPECT_EQ(pool.kept_hot(), 1000u);
  for (int i = 0; i < 100'000; i++) pool.give(pool.take());
  EXPECT_LT(pool.kept_hot(), 10u);
  EXPECT_GE(pool.kept_hot(), 1u);
}

TEST(stack_pool, trim_gives_back_all_memory_not_in_use) {
  stack_pool pool;
  stack s = pool.take();
  *s.bottom() = std::byte{1};
  pool.give(s);
  pool.trim();
  EXPECT_EQ(pool.kept_hot(), 0u);
  s = pool.take();
  EXPECT_EQ(*s.bottom(), std::byte{0});
  pool.give(s);
}

// Older kernels map each guard, and a process has few mappings: what ended must not count for ever.
TEST(stack_pool, the_guards_of_pools_that_ended_are_given_back) {
  std::vector<stack> all(1000);
  for (int round = 0; round < 25; round++) {
    stack_pool pool;
    for (stack& s : all) s = pool.take();
    for (stack& s : all) {
      ASSERT_TRUE(s.guarded()) << "round " << round;
      pool.give(s);
    }
  }
}

TEST(stack_pool_death, of_very_many_stacks_too_an_overflow_ends_the_process) {
  stack_pool pool({.stride_bytes = 64 * 1024});
  std::vector<stack> all(20'100);  // more than may have a mapped guard
  for (stack& s : all) s = pool.take();
  stack last = all.back();
  EXPECT_DEATH(
      {
        *(volatile std::byte*)(last.bottom() + 63) = std::byte{1};  // where there is no guard
        pool.give(last);
        *(volatile std::byte*)(last.bottom() - 1) = std::byte{1};  // where there is one
      },
      "");
  for (stack& s : all) pool.give(s);
}

TEST(stack_pool_death, an_overflow_traps_instead_of_reaching_the_next_stack) {
  stack_pool pool;
  stack s = pool.take();
  EXPECT_DEATH(*(volatile std::byte*)(s.bottom() - 1) = std::byte{1}, "");
  pool.give(s);
}

}  // namespace
}  // namespace kettle
