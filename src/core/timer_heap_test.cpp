#include "core/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

void nothing(timer&) noexcept {}
time_point at(int n) { return time_point{duration(n)}; }

TEST(timer_heap, equal_times_leave_in_the_order_in_which_they_came) {
  timer_heap heap;
  timer a(nothing), b(nothing), c(nothing);
  heap.push(a, at(2));
  heap.push(b, at(2));
  heap.push(c, at(1));
  EXPECT_EQ(heap.pop_due(at(5)), &c);
  EXPECT_EQ(heap.pop_due(at(5)), &a);
  EXPECT_EQ(heap.pop_due(at(5)), &b);
  EXPECT_EQ(heap.pop_due(at(5)), nullptr);
}

TEST(timer_heap, gives_only_what_is_due) {
  timer_heap heap;
  timer a(nothing);
  EXPECT_EQ(heap.next(), never);
  heap.push(a, at(10));
  EXPECT_EQ(heap.next(), at(10));
  EXPECT_EQ(heap.pop_due(at(9)), nullptr);
  EXPECT_TRUE(a.armed());
  EXPECT_EQ(heap.pop_due(at(10)), &a);
  EXPECT_FALSE(a.armed());
}

TEST(timer_heap, removing_one_that_is_not_armed_is_harmless) {
  timer_heap heap;
  timer a(nothing);
  heap.remove(a);
  heap.push(a, at(1));
  heap.remove(a);
  heap.remove(a);
  EXPECT_TRUE(heap.empty());
}

TEST(timer_heap, ten_thousand_random_steps_keep_the_order) {
  std::mt19937 random(7);
  timer_heap heap;
  std::vector<std::unique_ptr<timer>> timers;
  for (int i = 0; i < 300; i++) timers.push_back(std::make_unique<timer>(nothing));
  std::vector<std::pair<int, timer*>> model;  // time, who; in the order of arming
  for (int step = 0; step < 10000; step++) {
    timer& t = *timers[random() % timers.size()];
    auto known = std::find_if(model.begin(), model.end(), [&](auto& m) { return m.second == &t; });
    if (random() % 3 == 0 && !model.empty()) {
      auto first = std::min_element(model.begin(), model.end(),
                                    [](auto& a, auto& b) { return a.first < b.first; });
      ASSERT_EQ(heap.next(), at(first->first));
      ASSERT_EQ(heap.pop_due(at(1000)), first->second);
      model.erase(first);
    } else if (known != model.end()) {
      heap.remove(t);
      model.erase(known);
    } else {
      int when = int(random() % 50);
      heap.push(t, at(when));
      model.emplace_back(when, &t);
    }
    ASSERT_EQ(heap.size(), model.size());
  }
}

}  // namespace
}  // namespace kettle
