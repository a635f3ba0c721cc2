#include "loop/backend_rig.hpp"

#include <array>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/un.h>

namespace kettle {
namespace {
using namespace std::chrono_literals;

TEST(sim_world, the_clock_moves_only_when_told) {
  sim_world world({.start = time_point(1h)});
  EXPECT_EQ(world.now(), time_point(1h));
  EXPECT_EQ(world.next_event(), never);
  world.advance_to(time_point(2h));
  EXPECT_EQ(world.now(), time_point(2h));
  world.advance_to(time_point(1h));  // never back
  EXPECT_EQ(world.now(), time_point(2h));
}

TEST(sim_world, what_is_sent_arrives_after_the_latency) {
  backend_rig rig(backend_kind::sim, {.latency = 10ms});
  sim_world& world = rig.world();
  auto [a, b] = rig.pair();
  time_point sent_at = world.now();
  EXPECT_EQ(sent_at, time_point(20ms));  // a connect goes there and back
  EXPECT_EQ(rig.send(a, "hello"), 5);
  char buffer[8];
  waited_for r(backend_rig::recv_request(b, buffer, sizeof buffer));
  rig.io().submit(r);
  EXPECT_EQ(world.next_event(), sent_at + 10ms);
  world.advance_to(sent_at + 9ms);
  rig.io().poll(world.now());
  EXPECT_EQ(r.finished, 0);
  world.advance_to(sent_at + 10ms);
  EXPECT_EQ(world.next_event(), world.now());  // arrived, and not yet taken
  rig.io().poll(world.now());
  EXPECT_EQ(r.result, 5);
  EXPECT_EQ(world.next_event(), never);
  rig.io().close(a), rig.io().close(b);
}

TEST(sim_world, a_refusal_takes_a_round_trip) {
  backend_rig rig(backend_kind::sim, {.latency = 10ms});
  int fd = rig.io().socket(AF_INET, SOCK_STREAM);
  EXPECT_EQ(rig.wait(backend_rig::connect_request(fd, backend_rig::loopback(80))), -ECONNREFUSED);
  EXPECT_EQ(rig.world().now(), time_point(20ms));
  rig.listener(80);
  EXPECT_EQ(rig.wait(backend_rig::connect_request(fd, backend_rig::loopback(80))),
            0);  // may try again
}

TEST(sim_world, a_buffer_holds_so_much_and_no_more) {
  backend_rig rig(backend_kind::sim, {.buffer_bytes = 10});
  auto [a, b] = rig.pair();
  EXPECT_EQ(rig.send(a, "0123456"), 7);
  EXPECT_EQ(rig.send(a, "789abc"), 3);
  waited_for s(backend_rig::send_request(a, "abc", 3));
  EXPECT_FALSE(rig.io().try_now(s));
  rig.io().submit(s);
  EXPECT_EQ(rig.recv(b, 4), "0123");
  rig.until_finished(s);
  EXPECT_EQ(s.result, 3);
  EXPECT_EQ(rig.recv(b, 64), "456789abc");
  rig.io().close(a), rig.io().close(b);
}

TEST(sim_world, connections_nobody_accepted_are_reset_with_their_listener) {
  backend_rig rig(backend_kind::sim);
  int l = rig.listener(80);
  int fd = rig.io().socket(AF_INET, SOCK_STREAM);
  EXPECT_EQ(rig.wait(backend_rig::connect_request(fd, backend_rig::loopback(80))), 0);
  EXPECT_EQ(rig.io().close(l), 0);
  EXPECT_EQ(rig.recv(fd, 1), std::string("error ") + std::strerror(ECONNRESET));
  EXPECT_EQ(rig.recv(fd, 1), "");
}

TEST(sim_world, a_wildcard_listener_takes_every_address_and_conflicts_with_each) {
  backend_rig rig(backend_kind::sim);
  int l = rig.io().socket(AF_INET, SOCK_STREAM);
  sockaddr_in any = backend_rig::loopback(80);
  any.sin_addr.s_addr = INADDR_ANY;
  EXPECT_EQ(rig.io().bind(l, &any, sizeof any), 0);
  EXPECT_EQ(rig.io().listen(l, 1), 0);
  int other = rig.io().socket(AF_INET, SOCK_STREAM);
  sockaddr_in one = backend_rig::loopback(80);
  EXPECT_EQ(rig.io().bind(other, &one, sizeof one), -EADDRINUSE);
  EXPECT_EQ(rig.wait(backend_rig::connect_request(other, one)), 0);
}

TEST(sim_world, unix_names_work_like_addresses) {
  backend_rig rig(backend_kind::sim);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, "/run/tea");
  int l = rig.io().socket(AF_UNIX, SOCK_STREAM), c = rig.io().socket(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(rig.io().bind(l, &name, sizeof name), 0);
  EXPECT_EQ(rig.io().listen(l, 1), 0);
  io_request r = backend_rig::accept_request(c);
  r.kind = io_kind::connect;
  r.data = &name;
  r.size = sizeof name;
  EXPECT_EQ(rig.wait(r), 0);
  int s = rig.wait(backend_rig::accept_request(l));
  EXPECT_EQ(rig.send(c, "x"), 1);
  EXPECT_EQ(rig.recv(s, 1), "x");
}

TEST(sim_world, what_is_not_modelled_is_refused) {
  backend_rig rig(backend_kind::sim);
  EXPECT_EQ(rig.io().socket(AF_INET, SOCK_DGRAM), -ESOCKTNOSUPPORT);
  EXPECT_EQ(rig.io().socket(AF_PACKET, SOCK_STREAM), -EAFNOSUPPORT);
  EXPECT_EQ(rig.wait(backend_rig::poll_request(0, POLLIN)), -EBADF);  // a real descriptor
}

// Two homes on two threads: what one sends wakes the other out of its poll.
TEST(sim_world, homes_of_one_world_wake_each_other) {
  sim_world world;
  auto server = make_sim_backend(world), client = make_sim_backend(world);
  sockaddr_in at = backend_rig::loopback(80);
  int l = server->socket(AF_INET, SOCK_STREAM);
  ASSERT_EQ(server->bind(l, &at, sizeof at), 0);
  ASSERT_EQ(server->listen(l, 1), 0);
  auto wait = [](backend& io, io_request request) {
    waited_for r(request);
    if (!io.try_now(r)) {
      io.submit(r);
      while (!r.finished) io.poll(never);
    }
    return r.result;
  };
  constexpr int rounds = 2000;
  std::thread echo([&] {
    int fd = wait(*server, backend_rig::accept_request(l));
    char c;
    while (wait(*server, backend_rig::recv_request(fd, &c, 1)) == 1)
      EXPECT_EQ(wait(*server, backend_rig::send_request(fd, &c, 1)), 1);
    server->close(fd);
  });
  int fd = client->socket(AF_INET, SOCK_STREAM);
  EXPECT_EQ(wait(*client, backend_rig::connect_request(fd, at)), 0);
  for (int i = 0; i < rounds; i++) {
    char out = char(i), in = 0;
    EXPECT_EQ(wait(*client, backend_rig::send_request(fd, &out, 1)), 1);
    ASSERT_EQ(wait(*client, backend_rig::recv_request(fd, &in, 1)), 1);
    ASSERT_EQ(in, out);
  }
  client->close(fd);
  echo.join();
  server->close(l);
}

// The same program gives the same history.
TEST(sim_world, runs_are_repeatable) {
  auto history = [] {
    backend_rig rig(backend_kind::sim, {.latency = 3ms});
    int l = rig.listener(80);
    std::vector<std::pair<int, int>> pairs;
    for (int i = 0; i < 5; i++) pairs.push_back(rig.pair_at(l));
    std::array<char, 5> bytes{};
    std::vector<std::string> seen;
    std::vector<std::unique_ptr<waited_for>> waiting;
    for (std::size_t i = 0; i < 5; i++) {
      waiting.push_back(
          std::make_unique<waited_for>(backend_rig::recv_request(pairs[i].second, &bytes[i], 1)));
      rig.io().submit(*waiting.back());
    }
    for (int i : {3, 1, 4, 0, 2}) rig.send(pairs[std::size_t(i)].first, std::to_string(i));
    std::string order;
    for (int turn = 0; turn < 10; turn++) {
      rig.turn();
      for (std::size_t i = 0; i < 5; i++)
        if (waiting[i] && waiting[i]->finished) order += bytes[i], waiting[i].reset();
    }
    return order + "@" + std::to_string(rig.world().now().time_since_epoch().count());
  };
  std::string first = history();
  EXPECT_EQ(first.size() > 6, true) << first;
  EXPECT_EQ(first, history());
}

}  // namespace
}  // namespace kettle
