#include <kettle/base/thread_state.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include <pthread.h>

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

TEST(thread_state, ends_run_after_all_thread_local_destructors) {
  std::vector<int> order;
  noted early(order, 1), late(order, 2);
  struct adds_at_its_end {
    noted* end = nullptr;
    ~adds_at_its_end() {
      if (!end) return;
      EXPECT_TRUE(end->to.empty());
      EXPECT_TRUE(exits_here());
      at_thread_end(*end);
    }
  };
  std::thread([&] {
    static thread_local adds_at_its_end first;
    first.end = &late;
    at_thread_end(early);
  }).join();
  EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST(thread_state, an_end_that_another_keys_destructor_adds_is_run_too) {
  static pthread_key_t key;
  auto adds = [](void* end) { at_thread_end(*static_cast<noted*>(end)); };
  ASSERT_EQ(::pthread_key_create(&key, adds), 0);
  std::vector<int> order;
  noted early(order, 1), late(order, 2);
  std::thread([&] {
    at_thread_end(early);
    ::pthread_setspecific(key, &late);
  }).join();
  std::sort(order.begin(), order.end());  // the one whose key was made first comes first
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  ::pthread_key_delete(key);
}

TEST(thread_state, what_is_told_before_comes_with_the_first_destructors) {
  std::vector<int> order;
  noted end(order, 2);
  end.before = [](thread_end& e) noexcept { static_cast<noted&>(e).to.push_back(1); };
  std::thread([&] { at_thread_end(end); }).join();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(thread_state, what_a_thread_leaves_behind_is_not_run) {
  std::vector<int> order;
  noted left(order, 1), kept(order, 2);
  std::thread([&] {
    at_thread_end(left);
    leave_thread_state();
    EXPECT_EQ(tls.left, &left);
    at_thread_end(kept);
  }).join();
  EXPECT_EQ(order, (std::vector<int>{2}));
}

TEST(thread_state, begins_empty_on_each_thread) {
  std::thread([] {
    EXPECT_EQ(tls.current, nullptr);
    EXPECT_EQ(tls.ends, nullptr);
  }).join();
}

}  // namespace
}  // namespace kettle
