#include <kettle/coro/map.hpp>
#include <kettle/fibers/on_fiber.hpp>
#include <kettle/kettle.hpp>
#include <kettle/threads/on_thread.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class F> auto run_virtual(F f) { return run({.time = time_kind::virtual_time}, f); }

// 0, 1, 2 ... end; counts how many were taken.
struct counting {
  struct iterator {
    int n;
    int* taken;
    int operator*() const {
      ++*taken;
      return n;
    }
    iterator& operator++() {
      ++n;
      return *this;
    }
    bool operator==(const iterator& o) const { return n == o.n; }
  };
  iterator begin() { return {0, &taken}; }
  iterator end() { return {limit, &taken}; }
  int limit;
  int taken = 0;
};

task<int> doubled(int n) {
  co_await sleep_for((10 - n) * 1s);
  co_return 2 * n;
}

TEST(map, gives_all_in_input_order) {
  run_virtual([]() -> task<> {
    std::vector<int> in{1, 2, 3};
    auto out = co_await map(doubled, in);
    std::vector<int> wanted{2, 4, 6};
    EXPECT_EQ(out, wanted);
  });
}

TEST(map, by_completion_gives_what_is_done_first) {
  run_virtual([]() -> task<> {
    std::vector<int> in{1, 2, 3};
    auto out = co_await map(doubled, in, {.order = map_order::completion});
    std::vector<int> wanted{6, 4, 2};
    EXPECT_EQ(out, wanted);
  });
}

TEST(map, consumes_no_more_than_its_window_ahead_of_the_consumer) {
  run_virtual([](nursery& n) -> task<> {
    counting in{100};
    auto r = n.map(doubled, in, {.at_once = 4});
    EXPECT_EQ(in.taken, 0);
    for (int got = 0; got < 3; got++) {
      auto x = co_await r.next();
      EXPECT_EQ(*x, 2 * got);
      EXPECT_LE(in.taken, got + 4);
    }
  });
}

TEST(map, throws_an_error_at_its_position_and_consumes_no_further_input) {
  run_virtual([](nursery& n) -> task<> {
    counting in{100};
    auto f = [](int k) -> task<int> {
      co_await sleep_for((10 - k) * 1s);
      if (k == 2) throw std::runtime_error("two");
      co_return k;
    };
    auto r = n.map(f, in, {.at_once = 3});
    EXPECT_EQ(*co_await r.next(), 0);
    EXPECT_EQ(*co_await r.next(), 1);
    std::string error;
    try {
      co_await r.next();
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
    EXPECT_EQ(error, "two");
    int taken = in.taken;
    EXPECT_LE(taken, 5);
    EXPECT_FALSE(co_await r.next());
    EXPECT_EQ(in.taken, taken);
  });
}

TEST(map, as_outcome_delivers_every_item_and_goes_on) {
  run_virtual([](nursery& n) -> task<> {
    std::vector<int> in{0, 1, 2};
    auto f = [](int k) -> task<int> {
      if (k == 1) throw std::runtime_error("one");
      co_await sleep_for((3 - k) * 1s);
      co_return k;
    };
    auto r = n.map(as_outcome, f, in, {.order = map_order::completion});
    std::string seen;
    while (auto o = co_await r.next()) seen += std::to_string((*o).index) + (*o ? "+" : "-");
    EXPECT_EQ(seen, "1-2+0+");
  });
}

TEST(map, a_cancelled_next_loses_nothing) {
  run_virtual([](nursery& n) -> task<> {
    for (auto order : {map_order::input, map_order::completion}) {
      std::vector<int> in{1, 2, 3};
      auto r = n.map(doubled, in, {.order = order});
      int sum = 0;
      for (;;) {
        auto x = co_await move_on_after(500ms, r.next());
        if (!x) continue;
        if (!*x) break;
        sum += **x;
      }
      EXPECT_EQ(sum, 12);
    }
  });
}

TEST(map, by_completion_keeps_the_item_whose_wait_was_cancelled_in_between) {
  cancel_scope s;
  run_virtual([&s](nursery& n) -> task<> {
    std::vector<int> in{1};
    auto f = [&s](int k) -> task<int> {
      co_await sleep_for(1s);
      s.cancel();  // in the same step in which the item ends
      co_return k;
    };
    auto r = n.map(f, in, {.order = map_order::completion});
    auto first = co_await in_scope(s, r.next());
    auto second = first ? std::move(first) : co_await move_on_after(1s, r.next());
    bool found = second && *second && **second == 1;
    EXPECT_TRUE(found);
  });
}

TEST(map, dropping_the_results_cancels_what_flies_and_the_nursery_joins_it) {
  int cleaned = 0;
  run_virtual([&]() -> task<> {
    auto f = [&](int) -> task<int> {
      co_await finally(sleep_forever(), [&] { cleaned++; });
      co_return 0;
    };
    auto body = [&](nursery& n) -> task<> {
      counting in{10};
      auto r = n.map(f, in, {.at_once = 2});
      co_await move_on_after(1s, r.next());
    };
    co_await with_nursery(body);
    EXPECT_EQ(cleaned, 2);
  });
  EXPECT_EQ(cleaned, 2);
}

TEST(map, runs_an_ordinary_function_in_a_place) {
  run_virtual([]() -> task<> {
    std::vector<int> in{3, 1, 2};
    auto f = [](int k) {
      sleep_for(k * 1s).get();
      return k * k;
    };
    std::vector<int> in_order{9, 1, 4}, as_they_end{1, 4, 9};
    auto fibers = co_await map(on_fiber, f, in);
    auto threads = co_await map(on_thread, f, in);
    auto ended = co_await map(on_thread, f, in, {.order = map_order::completion});
    EXPECT_EQ(fibers, in_order);
    EXPECT_EQ(threads, in_order);
    EXPECT_EQ(ended, as_they_end);
  });
}

TEST(map, of_a_function_without_result_waits_for_all) {
  run_virtual([]() -> task<> {
    int calls = 0;
    auto f = [&](int) -> task<> {
      calls++;
      co_return;
    };
    std::vector<int> in{1, 2, 3};
    co_await map(f, in);
    EXPECT_EQ(calls, 3);
  });
}

TEST(map, gives_its_results_to_one_who_waits_at_a_time) {
  run({.time = time_kind::virtual_time}, [](nursery& n) -> task<> {
    auto slow = [](int x) -> task<int> {
      co_await sleep_for(1s);
      co_return x;
    };
    std::vector<int> in{1, 2};
    auto got = n.map(slow, in);
    auto waits_too = [&](nursery& inner) -> task<> {
      auto first = inner.start([&] { return got.next(); });
      co_await yield();
      EXPECT_THROW((void)co_await got.next(), usage_error);
      EXPECT_EQ(*co_await first, 1);
      EXPECT_EQ(*co_await got.next(), 2);
    };
    co_await with_nursery(waits_too);
  });
}

}  // namespace
}  // namespace kettle
