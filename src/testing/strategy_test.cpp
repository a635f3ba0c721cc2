#include "testing/strategy.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kettle::testing::detail {
namespace {

// Two threads of `steps` steps each, under a strategy: the order of their steps as text.
std::string play(strategy& s, int steps) {
  int left[2] = {steps, steps};
  entity running = 0;
  std::string order;
  while (left[0] + left[1] > 0) {
    entity_set can = (left[0] ? one(0) : 0) | (left[1] ? one(1) : 0);
    entity usual = can & one(running) ? running : first_of(can);
    running = (can & (can - 1)) ? s.next(can, running, usual) : usual;
    order += char('0' + running);
    left[running]--;
  }
  s.ended(order.size());
  return order;
}

std::multiset<std::string> all_of(unsigned bound, int steps) {
  std::multiset<std::string> orders;
  auto s = make_dfs(bound);
  while (s->begin()) orders.insert(play(*s, steps));
  return orders;
}

TEST(dfs, goes_through_each_schedule_once) {
  auto orders = all_of(2, 3);
  EXPECT_EQ(orders.size(), std::set<std::string>(orders.begin(), orders.end()).size());
}

TEST(dfs, without_a_preemption_runs_each_thread_to_its_end) {
  EXPECT_EQ(all_of(0, 3), (std::multiset<std::string>{"000111"}));
}

TEST(dfs, with_enough_of_them_comes_to_every_order) {
  EXPECT_EQ(all_of(100, 2).size(), 6u);  // 4 over 2
  EXPECT_EQ(all_of(100, 3).size(), 20u);
}

TEST(dfs, counts_a_switch_from_a_thread_that_could_go_on) {
  // 111000 begins with a switch, 000111 has none; two switches of the kind: 0 1 0 0 1 1 and such.
  for (const std::string& order : all_of(1, 3)) {
    int preemptions = order[0] == '1';
    int seen[2] = {0, 0};
    for (std::size_t i = 0; i + 1 < order.size(); i++) {
      seen[order[i] - '0']++;
      preemptions += order[i] != order[i + 1] && seen[order[i] - '0'] < 3;
    }
    EXPECT_LE(preemptions, 1) << order;
  }
}

TEST(dfs, a_delayed_store_costs_as_much_as_a_preemption) {
  int delayed = 0, all = 0;
  auto s = make_dfs(1);
  while (s->begin()) {
    int now = s->delays(0) + s->delays(0);
    EXPECT_LE(now, 1);
    delayed += now;
    all++;
  }
  EXPECT_EQ(all, 3);
  EXPECT_EQ(delayed, 2);
}

TEST(dfs, picks_are_free_and_complete) {
  std::set<unsigned> seen;
  auto s = make_dfs(0);
  while (s->begin()) seen.insert(s->pick(3) * 10 + s->pick(2));
  EXPECT_EQ(seen, (std::set<unsigned>{0, 1, 10, 11, 20, 21}));
}

template <class Make> void expect_all_orders(Make make) {
  std::set<std::string> orders;
  auto s = make(7);
  for (int i = 0; i < 500; i++) {
    s->begin();
    orders.insert(play(*s, 2));
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(sampling, comes_to_every_order_of_a_small_program) {
  expect_all_orders(make_random);
  expect_all_orders([](std::uint64_t seed) { return make_pct(seed, 3); });
}

TEST(sampling, of_the_same_seed_is_the_same) {
  for (auto make : {+[] { return make_random(3); }, +[] { return make_pct(3, 2); },
                    +[] { return make_pos(3); }}) {
    auto a = make(), b = make();
    for (int i = 0; i < 20; i++) {
      a->begin();
      b->begin();
      EXPECT_EQ(play(*a, 5), play(*b, 5));
    }
  }
}

TEST(pct, of_depth_one_never_takes_a_thread_off) {
  auto s = make_pct(1, 1);
  for (int i = 0; i < 50; i++) {
    s->begin();
    std::string order = play(*s, 4);
    EXPECT_TRUE(order == "00001111" || order == "11110000") << order;
  }
}

TEST(replay, departs_where_it_is_told_to) {
  auto s = make_replay({{1, 1}, {2, 0}});
  for (int i = 0; i < 2; i++) {
    s->begin();
    EXPECT_EQ(play(*s, 2), "0101");
  }
}

TEST(replay, leaves_out_what_cannot_be_followed) {
  auto s = make_replay({{0, 17}, {99, 1}});
  s->begin();
  EXPECT_EQ(play(*s, 2), "0011");
}

}  // namespace
}  // namespace kettle::testing::detail
