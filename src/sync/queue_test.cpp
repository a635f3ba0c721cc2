#include <kettle/sync/queue.hpp>

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

template <class T, class B> std::vector<T> all_of(queue<T, B>& q) {
  std::vector<T> out;
  while (auto x = q.try_receive()) out.push_back(std::move(*x));
  return out;
}

std::vector<int> order_of(queue_order order) {
  queue<int> q({.order = order});
  for (int x : {3, 1, 4, 1, 5, 9, 2, 6}) q.try_send(x);
  return all_of(q);
}

TEST(queue, gives_items_in_the_order_it_was_made_for) {
  EXPECT_EQ(order_of(queue_order::fifo), (std::vector<int>{3, 1, 4, 1, 5, 9, 2, 6}));
  EXPECT_EQ(order_of(queue_order::lifo), (std::vector<int>{6, 2, 9, 5, 1, 4, 1, 3}));
  EXPECT_EQ(order_of(queue_order::priority), (std::vector<int>{1, 1, 2, 3, 4, 5, 6, 9}));
}

TEST(queue, can_be_used_again_when_it_was_empty) {
  for (queue_order order : {queue_order::fifo, queue_order::lifo, queue_order::priority}) {
    queue<int> q({.order = order});
    for (int round = 0; round < 3; round++) {
      q.try_send(round);
      EXPECT_EQ(q.try_receive(), round);
      EXPECT_EQ(q.try_receive(), std::nullopt);
    }
  }
}

struct job {
  int urgency;
  std::string name;
};
struct most_urgent_first {
  bool operator()(const job& a, const job& b) const { return a.urgency > b.urgency; }
};

TEST(queue, items_of_equal_priority_come_in_the_order_they_were_sent) {
  queue<job, most_urgent_first> q({.order = queue_order::priority});
  std::mt19937 random(7);
  for (int i = 0; i < 500; i++) q.emplace(job{int(random() % 5), std::to_string(i)}).get();
  std::vector<job> got = all_of(q);
  auto in_order = [](const job& a, const job& b) {
    return a.urgency != b.urgency ? a.urgency > b.urgency : std::stoi(a.name) < std::stoi(b.name);
  };
  EXPECT_EQ(got.size(), 500u);
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end(), in_order));
}

TEST(queue, priority_needs_items_that_can_be_compared) {
  struct no_order {};
  EXPECT_THROW(queue<no_order>({.order = queue_order::priority}), usage_error);
  queue<no_order> q;
  EXPECT_TRUE(q.try_send(no_order()));
}

TEST(queue, a_send_waits_while_it_is_full_and_has_sent_nothing_when_cancelled) {
  run_virtual([]() -> task<> {
    queue<int> q({.capacity = 1});
    co_await q.send(1);
    EXPECT_FALSE(q.try_send(2));
    bool sent = co_await move_on_after(1s, q.send(2));
    EXPECT_FALSE(sent);
    EXPECT_EQ(all_of(q), std::vector<int>{1});
  });
}

TEST(queue, who_waits_to_send_is_let_in_by_a_receive) {
  for (std::size_t capacity : {0u, 1u}) {
    std::vector<int> got;
    queue<int> q({.capacity = capacity});
    run_virtual([&](nursery& n) -> task<> {
      auto sends = [&]() -> task<> {
        for (int i = 0; i < 4; i++) co_await q.send(i);
        q.close();
      };
      auto sender = n.start(sends);
      co_await yield();
      EXPECT_EQ(q.size(), capacity);
      while (auto x = co_await q.next()) got.push_back(*x);
      co_await sender;
    });
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3}));
  }
}

TEST(queue, a_cancelled_receive_takes_nothing) {
  run_virtual([]() -> task<> {
    queue<int> q;
    auto got = co_await move_on_after(1s, q.receive());
    EXPECT_FALSE(got);
    q.try_send(5);
    EXPECT_EQ(q.size(), 1u);
  });
}

TEST(queue, carries_what_cannot_be_copied) {
  queue<std::unique_ptr<int>> q;
  q.send(std::make_unique<int>(5)).get();
  EXPECT_EQ(*q.receive().get(), 5);
}

TEST(queue, frees_what_is_left_in_it) {
  auto counted = std::make_shared<int>(0);
  {
    queue<std::shared_ptr<int>> q({.order = queue_order::priority});
    for (int i = 0; i < 10; i++) q.try_send(counted);
    EXPECT_EQ(counted.use_count(), 11);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(queue, closing_lets_receivers_take_what_is_left) {
  queue<int> q;
  q.try_send(1);
  q.close();
  EXPECT_TRUE(q.closed());
  EXPECT_FALSE(q.try_send(2));
  EXPECT_THROW(q.send(2).get(), closed_resource);
  EXPECT_EQ(q.receive().get(), 1);
  EXPECT_THROW(q.receive().get(), end_of_channel);
  EXPECT_THROW(q.try_receive(), end_of_channel);
  EXPECT_EQ(q.next().get(), std::nullopt);
}

TEST(queue, join_waits_for_items_that_were_taken_too) {
  queue<int> q;
  run_virtual([&](nursery& n) -> task<> {
    co_await q.join();  // nothing to wait for
    for (int i = 0; i < 3; i++) q.try_send(i);
    auto works = [&]() -> task<> {
      while (co_await q.next()) {
        co_await sleep_for(1s);
        q.task_done();
      }
    };
    n.start(works);
    time_point start = clock::now();
    co_await q.join();
    EXPECT_EQ(clock::now() - start, 3s);
    EXPECT_THROW(q.task_done(), usage_error);
    q.close();
  });
}

TEST(queue, can_be_selected) {
  run_virtual([]() -> task<> {
    queue<int> a, b;
    b.try_send(2);
    auto first = co_await select(a.next(), b.next());
    EXPECT_EQ(first.index(), 1u);
    auto none = co_await select(a.receive(), sleep_for(1s));
    EXPECT_EQ(none.index(), 1u);
    queue<int> full({.capacity = 0});
    auto unsent = co_await select(full.send(1), sleep_for(1s));
    EXPECT_EQ(unsent.index(), 1u);
  });
}

// Whatever is sent is received once, whoever is cancelled meanwhile.
TEST(queue, loses_nothing_between_threads) {
  constexpr int senders = 3, receivers = 3, each = 2000;
  for (queue_order order : {queue_order::fifo, queue_order::lifo, queue_order::priority}) {
    queue<int> q({.capacity = 4, .order = order});
    std::array<std::vector<int>, receivers> got;
    auto sends = [&](int first) {
      for (int i = 0; i < each; i++) q.send(first + i).get();
    };
    auto receives = [&](int me) {
      for (;;) {
        auto x = move_on_after(20us, q.receive()).get();
        if (!x) continue;
        got[std::size_t(me)].push_back(*x);
        q.task_done();
      }
    };
    run([&](nursery& n) -> task<> {
      for (int i = 0; i < receivers; i++) n.start(as_service, on_thread, receives, i);
      auto all = [&](nursery& m) {
        for (int i = 0; i < senders; i++) m.start(on_thread, sends, i * each);
      };
      co_await with_nursery(all);
      co_await q.join();
    });
    std::vector<int> all;
    for (auto& g : got) all.insert(all.end(), g.begin(), g.end());
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), std::size_t(senders * each));
    for (int i = 0; i < senders * each; i++) EXPECT_EQ(all[std::size_t(i)], i);
  }
}

}  // namespace
}  // namespace kettle
