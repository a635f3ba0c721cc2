#include "threads/engine.hpp"

#include "core/home.hpp"

#include <kettle/base/error.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/pool_call.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

// An engine whose threads are the test's own: it runs and discards what the test says, when the
// test says it.
class hand final : public engine {
 public:
  bool start(queue_ticket& t) noexcept override {
    if (closed) return false;
    queued.push_back(&t);
    return true;
  }
  bool is_closed() const noexcept override { return closed; }
  void close(close_mode) noexcept override { closed = true; }
  void join() noexcept override {}
  std::uint32_t width() const noexcept override { return 1; }

  // A worker's life: the first queued child, then the end. The asker's note may come at any time.
  void work() {
    home& here = home::here();
    here.take_jobs_from(this);
    asked_to_cancel.thread_begins(here);
    run(*queued.front());
    asked_to_cancel.thread_ends(here);
    here.take_jobs_from(nullptr);
  }
  void run_first() { run(*queued.front()); }
  void discard_first() { discard(*queued.front()); }
  void refuse_first() {
    refuse(*queued.front(), std::make_exception_ptr(std::runtime_error("no thread")));
    queued.front()->drop();
  }

  asked asked_to_cancel;
  std::vector<queue_ticket*> queued;
  bool closed = false;
};

struct hand_pool : pool_calls<hand_pool> {
  void launch(placed_child_base& c) const { engine.launch(c); }
  void launch_own(placed_child_base& c) { engine.launch(c); }
  std::size_t width() const noexcept { return 1; }
  mutable hand engine;
};

TEST(engine, a_launched_child_waits_in_its_ticket_until_it_is_run) {
  hand_pool pool;
  auto seven = pool.start([] { return 7; });
  ASSERT_EQ(pool.engine.queued.size(), 1u);
  EXPECT_TRUE(pool.engine.queued.front()->waits());
  EXPECT_FALSE(seven.done());
  pool.engine.run_first();
  EXPECT_TRUE(seven.done());
  EXPECT_EQ(seven.get(), 7);
}

TEST(engine, what_a_closed_one_does_not_take_fails_with_usage_error) {
  hand_pool pool;
  pool.engine.close(close_mode::drain);
  bool ran = false;
  auto refused = pool.start([&] { ran = true; });
  EXPECT_TRUE(pool.engine.queued.empty());
  try {
    refused.get();
    ADD_FAILURE() << "a closed engine ran it";
  } catch (const usage_error& e) {
    EXPECT_STREQ(e.what(), "start: this pool is closed");
  }
  EXPECT_FALSE(ran);
}

TEST(engine, a_discarded_child_ends_cancelled_and_unrun) {
  hand_pool pool;
  bool ran = false;
  auto unwanted = pool.start([&] { ran = true; });
  pool.engine.discard_first();
  EXPECT_THROW(unwanted.get(), cancelled);
  EXPECT_FALSE(ran);
}

TEST(engine, a_refused_child_ends_with_the_error_it_was_refused_with) {
  hand_pool pool;
  bool ran = false;
  auto unlucky = pool.start([&] { ran = true; });
  pool.engine.refuse_first();
  EXPECT_THROW(unlucky.get(), std::runtime_error);
  EXPECT_FALSE(ran);
}

TEST(engine, a_child_cancelled_while_it_waits_leaves_its_ticket_empty) {
  hand_pool pool;
  bool ran = false;
  auto late = pool.start([&] { ran = true; });
  late.cancel();
  EXPECT_THROW(late.get(), cancelled);
  ASSERT_EQ(pool.engine.queued.size(), 1u);
  EXPECT_FALSE(pool.engine.queued.front()->waits());
  pool.engine.run_first();  // only drops the ticket
  EXPECT_FALSE(ran);
}

TEST(engine, is_here_on_its_own_thread_only) {
  hand_pool pool;
  auto here = pool.start([&] { return pool.engine.is_here(); });
  EXPECT_FALSE(pool.engine.is_here());
  std::thread worker([&] { pool.engine.work(); });
  EXPECT_TRUE(here.get());
  worker.join();
}

TEST(engine, a_thread_that_is_asked_cancels_what_it_runs) {
  hand_pool pool;
  std::latch begun(1);
  auto long_one = pool.start([&] {
    begun.count_down();
    sleep_for(1h).get();
  });
  std::thread worker([&] { pool.engine.work(); });
  begun.wait();
  pool.engine.asked_to_cancel.ask();
  EXPECT_THROW(long_one.get(), cancelled);
  worker.join();
}

TEST(engine, asking_before_a_thread_begins_or_after_it_has_ended_sends_no_note) {
  hand_pool early;
  auto one = early.start([] { return 1; });
  early.engine.asked_to_cancel.ask();
  std::thread([&] { early.engine.work(); }).join();  // ends without waiting for a note
  EXPECT_EQ(one.get(), 1);

  hand_pool late;
  auto two = late.start([] { return 2; });
  std::thread([&] { late.engine.work(); }).join();
  late.engine.asked_to_cancel.ask();  // its home is gone
  EXPECT_EQ(two.get(), 2);
}

TEST(engine, a_thread_waits_for_the_note_that_is_on_its_way_before_it_ends) {
  hand_pool pool;
  auto asks = pool.start([&] { pool.engine.asked_to_cancel.ask(); });
  std::thread([&] { pool.engine.work(); }).join();  // else the note would be delivered to nobody
  EXPECT_NO_THROW(asks.get());
}

}  // namespace
}  // namespace kettle
