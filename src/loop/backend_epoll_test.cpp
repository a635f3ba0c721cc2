// What only epoll's way of working can get wrong; the contract itself is held in
// backend_contract_test.cpp.

#include "loop/backend_rig.hpp"

#include <array>

#include <poll.h>

namespace kettle {
namespace {

class epoll_backend_test : public testing::Test {
 protected:
  backend_rig rig{backend_kind::epoll};
  backend& io = rig.io();
  std::array<char, 64> buffer{};

  io_request recv_request(int fd) {
    return backend_rig::recv_request(fd, buffer.data(), buffer.size());
  }
  // A pair whose second end is registered and known to be empty.
  std::pair<int, int> registered_pair() {
    auto [a, b] = rig.pair();
    waited_for r(recv_request(b));
    io.submit(r);
    io.poll(always);
    EXPECT_EQ(rig.send(a, "first"), 5);
    rig.until_finished(r);
    EXPECT_EQ(r.result, 5);
    return {a, b};
  }
};

// After a short receive the next one is not tried: that is only right if every later arrival gives
// an edge.
TEST_F(epoll_backend_test, an_end_that_came_with_the_data_is_not_slept_through) {
  auto [a, b] = registered_pair();
  EXPECT_EQ(rig.send(a, "data"), 4);
  EXPECT_EQ(io.shutdown(a, SHUT_WR), 0);
  EXPECT_EQ(rig.recv(b, 64), "data");
  EXPECT_EQ(rig.recv(b, 64), "");
  io.close(a), io.close(b);
}

TEST_F(epoll_backend_test, an_end_that_comes_between_event_and_receive_is_not_slept_through) {
  auto [a, b] = registered_pair();
  EXPECT_EQ(rig.send(a, "data"), 4);
  io.poll(always);  // takes the event, nobody waits
  EXPECT_EQ(io.shutdown(a, SHUT_WR), 0);
  EXPECT_EQ(rig.recv(b, 64), "data");
  EXPECT_EQ(rig.recv(b, 64), "");
  io.close(a), io.close(b);
}

TEST_F(epoll_backend_test, data_behind_urgent_data_is_not_slept_through) {
  auto [a, b] = registered_pair();
  EXPECT_EQ(rig.send(a, "before"), 6);
  EXPECT_EQ(::send(a, "!", 1, MSG_OOB), 1);
  EXPECT_EQ(rig.send(a, "after"), 5);
  EXPECT_EQ(rig.recv(b, 64), "before");  // a receive stops at the urgent byte
  EXPECT_EQ(rig.recv(b, 64), "after");
  io.close(a), io.close(b);
}

TEST_F(epoll_backend_test, a_receive_known_to_wait_costs_no_system_call) {
  auto [a, b] = registered_pair();
  // The kernel has data the back end cannot know of yet: only a try would find it.
  EXPECT_EQ(rig.send(a, "x"), 1);
  waited_for r(recv_request(b));
  EXPECT_FALSE(io.try_now(r));
  io.submit(r);
  rig.until_finished(r);
  EXPECT_EQ(r.result, 1);
  io.close(a), io.close(b);
}

TEST_F(epoll_backend_test, two_receives_are_served_in_their_order) {
  auto [a, b] = rig.pair();
  char x = 0, y = 0;
  waited_for first(backend_rig::recv_request(b, &x, 1)),
      second(backend_rig::recv_request(b, &y, 1));
  io.submit(first);
  io.submit(second);
  io.poll(always);
  EXPECT_EQ(rig.send(a, "12"), 2);
  rig.until_finished(first);
  rig.until_finished(second);
  EXPECT_EQ(x, '1');
  EXPECT_EQ(y, '2');
  io.close(a), io.close(b);
}

TEST_F(epoll_backend_test, a_waiting_receive_does_not_hold_up_a_send_on_the_same_socket) {
  auto [a, b] = rig.pair();
  waited_for r(recv_request(a));
  io.submit(r);
  io.poll(always);
  EXPECT_EQ(rig.send(a, "out"), 3);
  EXPECT_EQ(rig.recv(b, 9), "out");
  EXPECT_EQ(r.finished, 0);
  EXPECT_EQ(rig.send(b, "in"), 2);
  rig.until_finished(r);
  io.close(a), io.close(b);
}

// Closed by another loop, so that we are not told, and its number given out again.
TEST_F(epoll_backend_test, a_number_that_another_loop_has_closed_is_not_waited_for_as_before) {
  auto [a, b] = registered_pair();
  backend_rig other(backend_kind::epoll);
  other.io().close(b);
  int fresh[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fresh), 0);
  ASSERT_EQ(::dup2(fresh[0], b), b);
  waited_for r(recv_request(b));
  EXPECT_FALSE(io.try_now(r));
  io.submit(r);
  EXPECT_EQ(rig.send(fresh[1], "new"), 3);
  rig.until_finished(r);
  EXPECT_EQ(r.result, 3);
  io.close(a), io.close(b), io.close(fresh[1]);
  if (fresh[0] != b) io.close(fresh[0]);
}

TEST_F(epoll_backend_test, a_close_elsewhere_costs_the_others_one_look_each) {
  auto [a, b] = registered_pair();
  backend_rig other(backend_kind::epoll);
  int elsewhere[2];
  ASSERT_EQ(::pipe(elsewhere), 0);
  other.io().close(elsewhere[0]), other.io().close(elsewhere[1]);
  EXPECT_EQ(rig.send(a, "x"), 1);
  waited_for r(recv_request(b));
  EXPECT_TRUE(io.try_now(r));  // asks
  waited_for again(recv_request(b));
  io.submit(again);
  EXPECT_EQ(rig.send(a, "y"), 1);
  rig.until_finished(again);
  EXPECT_EQ(rig.send(a, "z"), 1);
  waited_for known(recv_request(b));
  EXPECT_FALSE(io.try_now(known));  // as one that is trusted again
  io.submit(known);
  rig.until_finished(known);
  io.close(a), io.close(b);
}

}  // namespace
}  // namespace kettle
