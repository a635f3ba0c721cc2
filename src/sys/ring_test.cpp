#include "sys/ring.hpp"

#include "sys/eventfd.hpp"
#include "sys/time.hpp"

#include <gtest/gtest.h>

#include <poll.h>

#include <cstring>
#include <thread>

namespace kettle {
namespace {
using namespace std::chrono_literals;

class ring_test : public testing::Test {
 protected:
  void SetUp() override {
    if (!ring) GTEST_SKIP() << "io_uring is not available here: " << std::strerror(ring.error());
  }
  sys::ring ring{8};
};

TEST_F(ring_test, gives_back_what_was_submitted) {
  ring.prepare(IORING_OP_NOP, -1, 77);
  EXPECT_EQ(ring.unsubmitted(), 1u);
  EXPECT_GE(ring.enter(1, never), 0);
  EXPECT_EQ(ring.unsubmitted(), 0u);
  const io_uring_cqe* c = ring.front();
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->user_data, 77u);
  EXPECT_EQ(c->res, 0);
  ring.pop();
  EXPECT_EQ(ring.front(), nullptr);
}

TEST_F(ring_test, waits_no_longer_than_the_deadline) {
  time_point until = sys::monotonic_now() + 5ms;
  EXPECT_EQ(ring.enter(1, until), -ETIME);
  EXPECT_GE(sys::monotonic_now(), until);
  EXPECT_EQ(ring.enter(1, always), -ETIME);
}

TEST_F(ring_test, says_when_it_is_full_and_keeps_the_order) {
  unsigned prepared = 0, seen = 0;
  while (seen < 1000) {
    while (prepared < 1000 && ring.prepare(IORING_OP_NOP, -1, prepared)) prepared++;
    ASSERT_GE(ring.enter(1, sys::monotonic_now() + 5s), 0);
    for (; const io_uring_cqe* c = ring.front(); ring.pop()) EXPECT_EQ(c->user_data, seen++);
  }
}

TEST_F(ring_test, knows_which_operations_the_kernel_has) {
  EXPECT_TRUE(ring.supports(IORING_OP_RECV));
  EXPECT_FALSE(ring.supports(255));
  EXPECT_FALSE(ring.supports(100000));
}

TEST_F(ring_test, may_be_made_on_one_thread_and_used_on_another) {
  std::thread user([&] {
    ring.prepare(IORING_OP_NOP, -1, 5);
    EXPECT_GE(ring.enter(1, never), 0);
    ASSERT_NE(ring.front(), nullptr);
    EXPECT_EQ(ring.front()->user_data, 5u);
  });
  user.join();
}

TEST_F(ring_test, tells_of_deferred_completions_without_a_system_call) {
  sys::event_fd bell;
  ring.prepare(IORING_OP_POLL_ADD, bell.get(), 1)->poll32_events = POLLIN;
  EXPECT_GE(ring.submit(), 0);
  EXPECT_FALSE(ring.has_deferred());
  bell.ring();
  EXPECT_TRUE(ring.has_deferred() || ring.front() != nullptr);
  EXPECT_GE(ring.enter(1, never), 0);
  ASSERT_NE(ring.front(), nullptr);
  EXPECT_EQ(ring.front()->res & POLLIN, POLLIN);
}

}  // namespace
}  // namespace kettle
