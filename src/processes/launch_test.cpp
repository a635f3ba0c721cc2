#include "processes/launch.hpp"

#include "processes/process_rig.hpp"
#include "processes/server.hpp"
#include "sys/packet.hpp"
#include "sys/process.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cstdlib>

#include <unistd.h>

namespace kettle {
namespace {

TEST(launch, finds_the_file_of_this_program) { EXPECT_EQ(own_program(), "/proc/self/exe"); }

TEST(launch, a_server_says_hello_makes_workers_and_reports_their_end) {
  for (auto how : {start_method::fork_server, start_method::fork}) {
    if (how == start_method::fork) SKIP_FORK_OF_THREADED();
    shared_memory m;
    m.make();
    server_process s;
    ASSERT_TRUE(start_server(s, m, how));
    server_order o{.what = server_order::spawn, .worker = 3};
    sys::send_packet(s.orders.get(), o);
    ASSERT_EQ(sys::receive_packet(s.orders.get(), o), 1);
    EXPECT_EQ(o.what, server_order::spawned);
    EXPECT_EQ(o.worker, 3u);
    EXPECT_GT(o.pid, 0);
    int pid = o.pid;
    o = {.what = server_order::kill, .worker = 3};
    sys::send_packet(s.orders.get(), o);
    ASSERT_EQ(sys::receive_packet(s.orders.get(), o), 1);
    EXPECT_EQ(o.what, server_order::ended);
    EXPECT_EQ(o.pid, pid);
    EXPECT_EQ(o.signal, SIGKILL);
    end_server(s);
    EXPECT_EQ(s.pid, -1);
  }
}

TEST(launch, a_server_that_is_gone_takes_its_workers_with_it) {
  shared_memory m;
  m.make();
  server_process s;
  ASSERT_TRUE(start_server(s, m, start_method::fork_server));
  server_order o{.what = server_order::spawn, .worker = 0};
  sys::send_packet(s.orders.get(), o);
  ASSERT_EQ(sys::receive_packet(s.orders.get(), o), 1);
  sys::unique_fd worker = sys::pidfd_open(o.pid);
  ASSERT_TRUE(worker);
  sys::pidfd_signal(s.pidfd.get(), SIGKILL);
  pollfd one{worker.get(), POLLIN, 0};
  EXPECT_EQ(sys::wait_any(&one, 1, after(sys::monotonic_now(), std::chrono::seconds(10))), 1);
  end_server(s);
}

}  // namespace
}  // namespace kettle
