#include "threads/deque.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

TEST(stealing_deque, the_owner_gets_the_newest_and_a_thief_the_oldest) {
  int x[4];
  stealing_deque<int> d;
  for (int& i : x) d.push(&i);
  EXPECT_EQ(d.pop(), &x[3]);
  EXPECT_EQ(d.steal(), &x[0]);
  EXPECT_EQ(d.steal(), &x[1]);
  EXPECT_EQ(d.pop(), &x[2]);
  EXPECT_EQ(d.pop(), nullptr);
  EXPECT_EQ(d.steal(), nullptr);
  EXPECT_TRUE(d.empty());
}

TEST(stealing_deque, grows_and_keeps_its_order) {
  std::vector<int> x(10'000);
  stealing_deque<int> d;
  for (int& i : x) d.push(&i);
  for (std::size_t i = 0; i < 5000; i++) ASSERT_EQ(d.steal(), &x[i]);
  for (std::size_t i = x.size(); i-- > 5000;) ASSERT_EQ(d.pop(), &x[i]);
  EXPECT_EQ(d.pop(), nullptr);
}

// Every item is taken once, whoever takes it, with the queue hovering around empty.
TEST(stealing_deque, nothing_is_lost_and_nothing_taken_twice) {
  constexpr int items = 200'000, thieves = 3;
  std::vector<int> taken(items, 0);  // each written by the one who took it
  stealing_deque<int> d;
  atomic<int> left{items};
  auto take = [&](int* i) {
    ++*i;
    left.fetch_sub(1, relaxed);
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < thieves; t++) {
    threads.emplace_back([&] {
      while (left.load(relaxed) > 0)
        if (int* i = d.steal()) take(i);
    });
  }
  for (int i = 0; i < items; i++) {
    d.push(&taken[std::size_t(i)]);
    if (i % 3 != 0) {
      if (int* mine = d.pop()) take(mine);
    }
  }
  while (int* mine = d.pop()) take(mine);
  for (auto& t : threads) t.join();
  for (int n : taken) ASSERT_EQ(n, 1);
}

}  // namespace
}  // namespace kettle
