#include <kettle/base/thread_state.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

struct noted : thread_end {
  noted(std::vector<int>& to, int number) : thread_end{note}, to(to), number(number) {}
  static void note(thread_end& e) noexcept {
    auto& self = static_cast<noted&>(e);
    self.to.push_back(self.number);
    if (self.then) at_thread_end(*self.then);
  }
  std::vector<int>& to;
  int number;
  thread_end* then = nullptr;
};

TEST(thread_state, ends_run_when_their_thread_ends_last_come_first) {
  std::vector<int> order;
  noted first(order, 1), second(order, 2);
  std::thread([&] {
    at_thread_end(first);
    at_thread_end(second);
    EXPECT_TRUE(order.empty());
  }).join();
  EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST(thread_state, an_end_that_brings_another_one_is_followed_by_it) {
  std::vector<int> order;
  noted first(order, 1), second(order, 2), third(order, 3);
  second.then = &third;
  std::thread([&] {
    at_thread_end(first);
    at_thread_end(second);
  }).join();
  EXPECT_EQ(order, (std::vector<int>{2, 3, 1}));
}

// A thread-local that was there before its thread first met us is destroyed after our ends were
// run.
TEST(thread_state, an_end_that_a_late_destructor_adds_is_run_too) {
  std::vector<int> order;
  noted early(order, 1), late(order, 2);
  struct adds_at_its_end {
    noted* end = nullptr;
    ~adds_at_its_end() {
      if (end) at_thread_end(*end);
    }
  };
  std::thread([&] {
    static thread_local adds_at_its_end first;
    first.end = &late;
    at_thread_end(early);
  }).join();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(thread_state, begins_empty_on_each_thread) {
  std::thread([] {
    EXPECT_EQ(tls.current, nullptr);
    EXPECT_EQ(tls.ends, nullptr);
  }).join();
}

}  // namespace
}  // namespace kettle
