#include "sys/epoll.hpp"

#include "sys/eventfd.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>

namespace kettle {
namespace {
using namespace std::chrono_literals;

TEST(epoll, reports_a_ready_descriptor_with_its_data) {
  sys::epoll set;
  sys::event_fd bell;
  ASSERT_TRUE(set);
  EXPECT_EQ(set.add(bell.get(), EPOLLIN | EPOLLET, 42), 0);
  epoll_event ready[4];
  EXPECT_EQ(set.wait(ready, 4, always), 0);
  bell.ring();
  EXPECT_EQ(set.wait(ready, 4, never), 1);
  std::uint64_t data = ready[0].data.u64;  // packed: no reference to it
  EXPECT_EQ(data, 42u);
  EXPECT_EQ(set.wait(ready, 4, always), 0);  // an edge is reported once
  EXPECT_EQ(set.change(bell.get(), EPOLLIN | EPOLLET, 43), 0);
  EXPECT_EQ(set.wait(ready, 4, always), 1);  // and again after a change
  EXPECT_EQ(set.remove(bell.get()), 0);
  EXPECT_EQ(set.remove(bell.get()), -ENOENT);
}

TEST(epoll, never_ends_a_wait_before_its_time) {
  sys::epoll set;
  epoll_event ready[1];
  for (bool coarse : {false, true}) {
    if (coarse) set.use_coarse_timeouts();
    time_point until = sys::monotonic_now() + 1500us;
    int r;
    while ((r = set.wait(ready, 1, until)) == -EINTR) {}
    EXPECT_EQ(r, 0);
    EXPECT_GE(sys::monotonic_now(), until);
  }
}

TEST(epoll, whole_ms_rounds_up_and_is_bounded) {
  EXPECT_EQ(sys::epoll::whole_ms(0ns), 0);
  EXPECT_EQ(sys::epoll::whole_ms(1ns), 1);
  EXPECT_EQ(sys::epoll::whole_ms(1000001ns), 2);
  EXPECT_GT(sys::epoll::whole_ms(duration(never - time_point()) / 2), 100000);
}

TEST(epoll, refuses_regular_files) {
  sys::epoll set;
  sys::unique_fd file(::memfd_create("x", MFD_CLOEXEC));
  EXPECT_EQ(set.add(file.get(), EPOLLIN, 0), -EPERM);
}

}  // namespace
}  // namespace kettle
