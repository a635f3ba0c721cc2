#include "processes/table.hpp"

#include "sys/futex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

namespace kettle {
namespace {

struct tables {
  std::unique_ptr<request_table> requests = std::make_unique<request_table>();
  std::unique_ptr<answer_table> answers = std::make_unique<answer_table>();

  void queue(std::uint32_t slot, std::uint32_t generation) {
    answers->state[slot].store(slot_word{generation, 0, slot_state::queued}.bits(), release);
    std::uint32_t tail = requests->tail.load(relaxed);
    requests->ring[tail % ring_size].store(std::uint64_t(generation) << 32 | slot, release);
    requests->tail.store(tail + 1, seq_cst);
  }
};

TEST(slot_table, a_word_keeps_its_parts) {
  slot_word w = slot_word::of(slot_word{0xfffffffe, 255, slot_state::done}.bits());
  EXPECT_EQ(w.generation, 0xfffffffe);
  EXPECT_EQ(w.worker, 255);
  EXPECT_EQ(w.state, slot_state::done);
}

TEST(slot_table, slots_are_claimed_in_order) {
  tables t;
  t.queue(5, 1);
  t.queue(3, 1);
  claimed_slot c;
  ASSERT_TRUE(claim_next(*t.requests, *t.answers, 2, c));
  EXPECT_EQ(c.slot, 5u);
  EXPECT_EQ(t.answers->state[5].load(relaxed), (slot_word{1, 2, slot_state::claimed}.bits()));
  ASSERT_TRUE(claim_next(*t.requests, *t.answers, 2, c));
  EXPECT_EQ(c.slot, 3u);
  EXPECT_FALSE(claim_next(*t.requests, *t.answers, 2, c));
}

TEST(slot_table, cancelled_and_old_entries_are_passed_over) {
  tables t;
  t.queue(1, 1);
  t.answers->state[1].store(slot_word{1, 0, slot_state::free}.bits(), relaxed);  // cancelled
  t.queue(1, 2);                                                                 // used again
  claimed_slot c;
  ASSERT_TRUE(claim_next(*t.requests, *t.answers, 0, c));
  EXPECT_EQ(c.generation, 2u);
  t.queue(1, 3);
  t.answers->state[1].store(slot_word{3, 0, slot_state::free}.bits(), relaxed);
  t.queue(2, 1);
  skip_stale(*t.requests, *t.answers);
  EXPECT_EQ(t.answers->head.load(relaxed), 3u);
}

TEST(slot_table, each_task_has_one_claimant) {
  tables t;
  constexpr std::uint32_t rounds = 200;
  std::vector<std::atomic<int>> claims(slot_count);
  for (std::uint32_t r = 1; r <= rounds; r++) {
    for (std::uint32_t i = 0; i < 64; i++) t.queue(i, r);
    std::vector<std::thread> all;
    for (std::uint16_t w = 0; w < 2; w++)
      all.emplace_back([&, w] {
        claimed_slot c;
        while (claim_next(*t.requests, *t.answers, w, c)) claims[c.slot]++;
      });
    for (auto& x : all) x.join();
  }
  for (std::uint32_t i = 0; i < 64; i++) EXPECT_EQ(claims[i], int(rounds));
}

TEST(slot_table, each_task_wakes_one_who_sleeps) {
  tables t;
  auto sleep = [&](std::uint32_t worker) {
    t.answers->asleep[worker / 64].fetch_or(std::uint64_t(1) << worker % 64, seq_cst);
  };
  std::vector<std::thread> all;
  std::atomic<int> woken{0};
  for (std::uint32_t worker : {3u, 70u}) {
    sleep(worker);
    all.emplace_back([&, worker] {
      while (t.requests->wake[worker].load(acquire) == 0)
        sys::futex_wait_shared(&t.requests->wake_word(worker), 0);
      woken++;
    });
  }
  sleep(2);  // one that says so, and is dead: another one is woken for it
  wake_workers(*t.requests, *t.answers, 2);
  wake_workers(*t.requests, *t.answers, 2);
  for (auto& x : all) x.join();
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(t.answers->asleep[0].load(relaxed), 0u);
  EXPECT_EQ(t.answers->asleep[1].load(relaxed), 0u);
  EXPECT_EQ(t.requests->wake[4].load(relaxed), 0u);
}

TEST(slot_table, a_worker_that_spins_is_woken_by_its_word_alone) {
  tables t;
  t.answers->asleep[0].store(0b11, seq_cst);
  t.answers->spinning[0].store(0b01, seq_cst);
  wake_workers(*t.requests, *t.answers, 1);
  EXPECT_EQ(t.requests->wake[0].load(relaxed), 1u);
  EXPECT_EQ(t.requests->wake[1].load(relaxed), 0u);  // the one task has gone to the first
  EXPECT_EQ(t.answers->asleep[0].load(relaxed), 0b10u);
  wake_workers(*t.requests, *t.answers, 1);  // the first is on its way, and gets no second one
  EXPECT_EQ(t.requests->wake[0].load(relaxed), 1u);
  EXPECT_EQ(t.requests->wake[1].load(relaxed), 1u);
}

TEST(slot_table, begins_as_the_zeros_of_a_fresh_file) {
  auto all_zero = [](const auto& table) {
    auto* bytes = reinterpret_cast<const unsigned char*>(&table);
    return std::all_of(bytes, bytes + sizeof table, [](unsigned char b) { return b == 0; });
  };
  EXPECT_TRUE(all_zero(*std::make_unique<request_table>()));
  EXPECT_TRUE(all_zero(*std::make_unique<answer_table>()));
}

}  // namespace
}  // namespace kettle
