#include "sys/packet.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include <fcntl.h>

namespace kettle {
namespace {

struct order {
  int what = 0;
  long number = 0;
};

struct packets : testing::Test {
  packets() { made = sys::make_packet_pair(pair); }
  int made = -1;
  sys::packet_pair pair;
  order got;
};

TEST_F(packets, one_goes_in_and_one_comes_out) {
  ASSERT_EQ(made, 0);
  for (int i = 1; i <= 3; i++) EXPECT_EQ(sys::send_packet(pair.ours.get(), order{i, 10L * i}), 0);
  for (int i = 1; i <= 3; i++) {
    ASSERT_EQ(sys::receive_packet(pair.theirs.get(), got), 1);
    EXPECT_EQ(got.what, i);
    EXPECT_EQ(got.number, 10L * i);
  }
}

TEST_F(packets, an_empty_socket_is_no_packet) {
  EXPECT_EQ(sys::receive_packet(pair.ours.get(), got, false), -EAGAIN);
}

TEST_F(packets, the_reader_waits) {
  std::thread sender([&] { sys::send_packet(pair.ours.get(), order{7, 0}); });
  EXPECT_EQ(sys::receive_packet(pair.theirs.get(), got), 1);
  EXPECT_EQ(got.what, 7);
  sender.join();
}

TEST_F(packets, another_size_is_another_language) {
  sys::send_packet(pair.ours.get(), 'x');
  EXPECT_EQ(sys::receive_packet(pair.theirs.get(), got), -EPROTO);
  sys::send_packet(pair.ours.get(), std::array<order, 2>());
  EXPECT_EQ(sys::receive_packet(pair.theirs.get(), got), -EPROTO);
}

TEST_F(packets, what_was_sent_comes_before_the_end) {
  sys::send_packet(pair.ours.get(), order{5, 0});
  pair.ours.reset();
  EXPECT_EQ(sys::receive_packet(pair.theirs.get(), got), 1);
  EXPECT_EQ(sys::receive_packet(pair.theirs.get(), got), 0);
  EXPECT_EQ(sys::send_packet(pair.theirs.get(), order{}), -EPIPE);  // and no signal
}

TEST_F(packets, nobody_inherits_them) {
  EXPECT_TRUE(::fcntl(pair.ours.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(pair.theirs.get(), F_GETFD) & FD_CLOEXEC);
}

}  // namespace
}  // namespace kettle
