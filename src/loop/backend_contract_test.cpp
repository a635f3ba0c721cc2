// The contract of core/backend.hpp, held against each of the three back ends.

#include "loop/backend_rig.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/resource.h>

namespace kettle {
namespace {
using namespace std::chrono_literals;

class backend_contract : public testing::TestWithParam<backend_kind> {
 protected:
  void SetUp() override {
    if (GetParam() == backend_kind::io_uring)
      if (int denied = uring_denied())
        GTEST_SKIP() << "io_uring is denied here: " << std::strerror(denied);
    rig = std::make_unique<backend_rig>(GetParam());
  }
  backend& io() { return rig->io(); }
  std::unique_ptr<backend_rig> rig;
  std::array<char, 64> buffer{};

  io_request recv_into_buffer(int fd) {
    return backend_rig::recv_request(fd, buffer.data(), buffer.size());
  }
  void close_all(std::initializer_list<int> fds) {
    for (int fd : fds) EXPECT_EQ(io().close(fd), 0);
  }
};

INSTANTIATE_TEST_SUITE_P(every, backend_contract,
                         testing::Values(backend_kind::io_uring, backend_kind::epoll,
                                         backend_kind::sim),
                         [](const auto& info) {
                           return std::string(info.param == backend_kind::io_uring ? "io_uring"
                                              : info.param == backend_kind::epoll  ? "epoll"
                                                                                   : "sim");
                         });

TEST_P(backend_contract, carries_bytes_both_ways) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(rig->send(a, "tea"), 3);
  EXPECT_EQ(rig->recv(b, 100), "tea");
  EXPECT_EQ(rig->send(b, "milk"), 4);
  EXPECT_EQ(rig->recv(a, 2), "mi");
  EXPECT_EQ(rig->recv(a, 100), "lk");
  close_all({a, b});
}

TEST_P(backend_contract, what_is_ready_never_enters_a_queue) {
  auto [a, b] = rig->pair();
  waited_for s(backend_rig::send_request(a, "tea", 3));
  EXPECT_TRUE(io().try_now(s));
  EXPECT_EQ(s.result, 3);
  EXPECT_EQ(s.finished, 0);
  EXPECT_EQ(io().pending(), 0u);
  EXPECT_EQ(rig->recv(b, 10), "tea");
  close_all({a, b});
}

TEST_P(backend_contract, submit_never_reports_and_poll_does) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(rig->send(a, "tea"), 3);
  waited_for r(recv_into_buffer(b));
  io().submit(r);
  EXPECT_EQ(r.finished, 0);
  EXPECT_EQ(io().pending(), 1u);
  rig->until_finished(r);
  EXPECT_EQ(r.result, 3);
  EXPECT_EQ(io().pending(), 0u);
  close_all({a, b});
}

TEST_P(backend_contract, a_receive_waits_for_what_comes_later) {
  auto [a, b] = rig->pair();
  waited_for r(recv_into_buffer(b));
  EXPECT_FALSE(io().try_now(r));
  io().submit(r);
  io().poll(always);
  EXPECT_EQ(r.finished, 0);
  EXPECT_EQ(rig->send(a, "late"), 4);
  rig->until_finished(r);
  EXPECT_EQ(r.result, 4);
  EXPECT_EQ(std::string(buffer.data(), 4), "late");
  close_all({a, b});
}

TEST_P(backend_contract, many_short_messages_in_turn_lose_nothing) {
  auto [a, b] = rig->pair();
  for (int i = 0; i < 300; i++) {
    waited_for r(recv_into_buffer(b));
    bool at_once = io().try_now(r);
    if (!at_once) io().submit(r);
    std::string text = std::to_string(i);
    EXPECT_EQ(rig->send(a, text), int(text.size()));
    if (!at_once) rig->until_finished(r);
    ASSERT_EQ(std::string(buffer.data(), std::size_t(r.result)), text);
  }
  close_all({a, b});
}

// A guess may save one call, not hide what is there from who only ever tries.
TEST_P(backend_contract, trying_again_finds_what_has_come) {
  auto [a, b] = rig->pair();
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(rig->send(a, "x"), 1);
    EXPECT_EQ(rig->recv(b, 100), "x");
    waited_for r(recv_into_buffer(b));
    io().submit(r);
    EXPECT_EQ(rig->send(a, "y"), 1);
    rig->until_finished(r);
    EXPECT_EQ(rig->send(a, "z"), 1);
    waited_for again(recv_into_buffer(b));
    EXPECT_TRUE(io().try_now(again) || io().try_now(again));
    EXPECT_EQ(again.result, 1);
  }
  close_all({a, b});
}

TEST_P(backend_contract, the_end_comes_after_the_data) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(rig->send(a, "last words"), 10);
  EXPECT_EQ(io().close(a), 0);
  EXPECT_EQ(rig->recv(b, 100), "last words");  // a short receive, with the end already there
  EXPECT_EQ(rig->recv(b, 100), "");
  EXPECT_EQ(rig->recv(b, 100), "");
  close_all({b});
}

TEST_P(backend_contract, the_end_wakes_who_waits) {
  auto [a, b] = rig->pair();
  waited_for r(recv_into_buffer(b));
  io().submit(r);
  io().poll(always);
  EXPECT_EQ(io().close(a), 0);
  rig->until_finished(r);
  EXPECT_EQ(r.result, 0);
  close_all({b});
}

TEST_P(backend_contract, one_direction_ends_and_the_other_goes_on) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(io().shutdown(a, SHUT_WR), 0);
  EXPECT_EQ(rig->recv(b, 100), "");
  EXPECT_EQ(rig->send(a, "x"), -EPIPE);
  EXPECT_EQ(rig->send(b, "still here"), 10);
  EXPECT_EQ(rig->recv(a, 100), "still here");
  close_all({a, b});
}

TEST_P(backend_contract, closing_with_unread_data_resets_the_peer) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(rig->send(a, "nobody reads this"), 17);
  EXPECT_GT(rig->wait(backend_rig::poll_request(b, POLLIN)), 0);
  EXPECT_EQ(io().close(b), 0);
  EXPECT_EQ(rig->recv(a, 100), std::string("error ") + std::strerror(ECONNRESET));
  EXPECT_EQ(rig->send(a, "x"), -EPIPE);
  close_all({a});
}

TEST_P(backend_contract, a_send_to_who_has_closed_ends_in_an_error) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(io().close(b), 0);
  EXPECT_EQ(rig->recv(a, 10), "");
  int r = 0;
  for (int i = 0; i < 1000 && r >= 0; i++) {
    r = rig->send(a, "x");
    if (rig->real()) std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(r == -EPIPE || r == -ECONNRESET) << r;
  close_all({a});
}

TEST_P(backend_contract, a_connect_where_nobody_listens_is_refused) {
  int l = rig->listener();
  sockaddr_in gone = rig->address_of(l);
  EXPECT_EQ(io().close(l), 0);
  int fd = io().socket(AF_INET, SOCK_STREAM);
  EXPECT_EQ(rig->wait(backend_rig::connect_request(fd, gone)), -ECONNREFUSED);
  close_all({fd});
}

TEST_P(backend_contract, an_address_is_taken_once) {
  int l = rig->listener();
  sockaddr_in a = rig->address_of(l);
  EXPECT_NE(a.sin_port, 0);
  int other = io().socket(AF_INET, SOCK_STREAM);
  EXPECT_EQ(io().bind(other, &a, sizeof a), -EADDRINUSE);
  close_all({l, other});
  int again = rig->listener(ntohs(a.sin_port));
  close_all({again});
}

TEST_P(backend_contract, both_ends_know_each_others_address) {
  int l = rig->listener();
  auto [a, b] = rig->pair_at(l);
  sockaddr_in peer{};
  std::uint32_t size = sizeof peer;
  EXPECT_EQ(io().peer_address(a, &peer, &size), 0);
  EXPECT_EQ(peer.sin_port, rig->address_of(l).sin_port);
  size = sizeof peer;
  EXPECT_EQ(io().peer_address(b, &peer, &size), 0);
  EXPECT_EQ(peer.sin_port, rig->address_of(a).sin_port);
  EXPECT_EQ(rig->address_of(b).sin_port, rig->address_of(l).sin_port);
  close_all({l, a, b});
}

TEST_P(backend_contract, an_accept_waits_for_a_client) {
  int l = rig->listener();
  waited_for r(backend_rig::accept_request(l));
  EXPECT_FALSE(io().try_now(r));
  io().submit(r);
  io().poll(always);
  EXPECT_EQ(r.finished, 0);
  int client = io().socket(AF_INET, SOCK_STREAM);
  EXPECT_EQ(rig->wait(backend_rig::connect_request(client, rig->address_of(l))), 0);
  rig->until_finished(r);
  ASSERT_GE(r.result, 0);
  EXPECT_EQ(rig->send(client, "hi"), 2);
  EXPECT_EQ(rig->recv(r.result, 10), "hi");
  close_all({l, client, r.result});
}

TEST_P(backend_contract, a_cancelled_receive_has_not_happened) {
  auto [a, b] = rig->pair();
  waited_for r(recv_into_buffer(b));
  io().submit(r);
  io().poll(always);
  io().cancel(r);
  EXPECT_EQ(r.finished, 0);  // cancelling only asks
  rig->until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  EXPECT_EQ(io().pending(), 0u);
  EXPECT_EQ(rig->send(a, "kept"), 4);
  EXPECT_EQ(rig->recv(b, 100), "kept");
  close_all({a, b});
}

TEST_P(backend_contract, cancelling_at_once_and_twice_is_fine) {
  auto [a, b] = rig->pair();
  waited_for r(recv_into_buffer(b));
  io().submit(r);
  io().cancel(r);
  io().cancel(r);
  rig->until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  io().poll(always);
  EXPECT_EQ(r.finished, 1);
  close_all({a, b});
}

TEST_P(backend_contract, a_cancelled_accept_and_connect_leave_the_listener_usable) {
  int l = rig->listener();
  waited_for r(backend_rig::accept_request(l));
  io().submit(r);
  io().poll(always);
  io().cancel(r);
  rig->until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  auto [a, b] = rig->pair_at(l);
  EXPECT_EQ(rig->send(a, "x"), 1);
  EXPECT_EQ(rig->recv(b, 9), "x");
  close_all({a, b, l});
}

TEST_P(backend_contract, whichever_is_faster_cancelling_loses_no_byte) {
  auto [a, b] = rig->pair();
  waited_for r(recv_into_buffer(b));
  io().submit(r);
  io().poll(always);
  EXPECT_EQ(rig->send(a, "race"), 4);
  io().cancel(r);
  rig->until_finished(r);
  if (r.result == -ECANCELED) {
    EXPECT_EQ(rig->recv(b, 100), "race");
  } else {
    EXPECT_EQ(r.result, 4);
  }
  close_all({a, b});
}

TEST_P(backend_contract, close_ends_every_request_on_the_descriptor) {
  auto [a, b] = rig->pair();
  std::array<char, 8> other{};
  waited_for r1(recv_into_buffer(b)), r2(backend_rig::recv_request(b, other.data(), other.size()));
  io().submit(r1);
  io().poll(always);
  io().submit(r2);
  EXPECT_EQ(io().close(b), 0);
  EXPECT_EQ(r1.finished + r2.finished, 0);
  rig->until_finished(r1);
  rig->until_finished(r2);
  EXPECT_EQ(r1.result, -ECANCELED);
  EXPECT_EQ(r2.result, -ECANCELED);
  EXPECT_EQ(rig->recv(a, 10), "");  // the peer sees the end
  close_all({a});
}

TEST_P(backend_contract, a_reused_number_gets_no_stale_event) {
  int l = rig->listener();
  auto [a, b] = rig->pair_at(l);
  waited_for old(recv_into_buffer(b));
  io().submit(old);
  io().poll(always);
  EXPECT_EQ(rig->send(a, "for the old one"), 15);
  EXPECT_EQ(io().close(b), 0);
  EXPECT_EQ(io().close(a), 0);
  auto [c, d] = rig->pair_at(l);
  EXPECT_TRUE(c == a || c == b) << "the number should have been given out again";
  std::array<char, 8> mine{};
  waited_for r(backend_rig::recv_request(d, mine.data(), mine.size()));
  io().submit(r);
  rig->until_finished(old);
  for (int i = 0; i < 10; i++) io().poll(always);
  EXPECT_EQ(r.finished, 0);
  EXPECT_EQ(rig->send(c, "new"), 3);
  rig->until_finished(r);
  EXPECT_EQ(r.result, 3);
  EXPECT_EQ(std::string(mine.data(), 3), "new");
  close_all({c, d, l});
}

TEST_P(backend_contract, a_bad_descriptor_is_an_error_and_no_crash) {
  EXPECT_EQ(rig->wait(recv_into_buffer(-1)), -EBADF);
  EXPECT_EQ(rig->wait(recv_into_buffer(19'999)), -EBADF);
  waited_for r(recv_into_buffer(19'999));
  io().submit(r);
  rig->until_finished(r);
  EXPECT_EQ(r.result, -EBADF);
  EXPECT_EQ(io().close(-1), -EBADF);
  EXPECT_EQ(io().close(19'999), -EBADF);
}

TEST_P(backend_contract, poll_requests_tell_the_events) {
  auto [a, b] = rig->pair();
  EXPECT_EQ(rig->wait(backend_rig::poll_request(a, POLLOUT)) & POLLOUT, POLLOUT);
  waited_for r(backend_rig::poll_request(b, POLLIN));
  EXPECT_FALSE(io().try_now(r));
  io().submit(r);
  io().poll(always);
  EXPECT_EQ(r.finished, 0);
  EXPECT_EQ(rig->send(a, "x"), 1);
  rig->until_finished(r);
  EXPECT_EQ(r.result & POLLIN, POLLIN);
  waited_for again(backend_rig::poll_request(b, POLLIN));  // level, not edge
  io().submit(again);
  rig->until_finished(again);
  EXPECT_EQ(again.result & POLLIN, POLLIN);
  close_all({a, b});
}

TEST_P(backend_contract, a_send_waits_while_the_peer_does_not_read) {
  auto [a, b] = rig->pair();
  std::string sent(8 << 20, '\0');
  std::mt19937 random(1);
  for (char& c : sent) c = char(random());
  std::string got;
  std::vector<char> in(100'000);
  std::size_t out = 0;
  bool waited = false;
  std::unique_ptr<waited_for> s, r;
  while (got.size() < sent.size()) {
    if (!s && out < sent.size()) {
      s = std::make_unique<waited_for>(
          backend_rig::send_request(a, sent.data() + out, sent.size() - out));
      if (io().try_now(*s)) {
        out += std::size_t(s->result);
        s.reset();
        continue;
      }
      waited = true;
      io().submit(*s);
    }
    if (!r) {
      r = std::make_unique<waited_for>(backend_rig::recv_request(b, in.data(), in.size()));
      io().submit(*r);
    }
    rig->turn();
    if (s && s->finished) {
      ASSERT_GT(s->result, 0);
      out += std::size_t(s->result);
      s.reset();
    }
    if (r->finished) {
      ASSERT_GT(r->result, 0);
      got.append(in.data(), std::size_t(r->result));
      r.reset();
    }
  }
  EXPECT_TRUE(waited);
  EXPECT_TRUE(got == sent);
  close_all({a, b});
}

TEST_P(backend_contract, hundreds_of_requests_at_once_are_all_reported) {
  constexpr int pairs = 700;  // more than the ring has entries
  rlimit files;               // an ordinary shell allows 1024
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_max < 2000) GTEST_SKIP() << "no more than " << files.rlim_max << " descriptors";
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur, 2000);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  int l = rig->listener();
  std::vector<std::pair<int, int>> ends;
  for (int i = 0; i < pairs; i++) ends.push_back(rig->pair_at(l));
  std::vector<std::array<char, 8>> in(pairs);
  std::deque<waited_for> waiting;
  for (int i = 0; i < pairs; i++)
    io().submit(waiting.emplace_back(
        backend_rig::recv_request(ends[i].second, in[i].data(), in[i].size())));
  EXPECT_EQ(io().pending(), std::size_t(pairs));
  io().poll(always);
  for (int i = 0; i < pairs; i++)
    EXPECT_EQ(rig->send(ends[i].first, std::to_string(i)), int(std::to_string(i).size()));
  for (waited_for& r : waiting) rig->until_finished(r);
  for (int i = 0; i < pairs; i++)
    EXPECT_EQ(std::string(in[i].data(), std::size_t(waiting[i].result)), std::to_string(i));
  EXPECT_EQ(io().pending(), 0u);
  for (auto [x, y] : ends) close_all({x, y});
  close_all({l});
}

struct chained : io_request {
  backend* io = nullptr;
  int fd_to_close = -1;
  int left = 0;
  int reported = 0;
};

TEST_P(backend_contract, a_handler_may_submit_again) {
  auto [a, b] = rig->pair();
  ASSERT_EQ(rig->send(a, "0123456789"), 10);
  chained c;
  char byte;
  static_cast<io_request&>(c) = backend_rig::recv_request(b, &byte, 1);
  c.io = &io();
  c.left = 10;
  c.done = [](io_request& r) noexcept {
    auto& self = static_cast<chained&>(r);
    self.reported++;
    if (r.result == 1 && --self.left > 0) self.io->submit(r);
  };
  io().submit(c);
  for (int i = 0; i < 1000 && c.left > 0; i++) rig->turn();
  EXPECT_EQ(c.reported, 10);
  EXPECT_EQ(byte, '9');
  close_all({a, b});
}

TEST_P(backend_contract, a_handler_may_close_what_others_wait_for) {
  auto [a, b] = rig->pair();
  auto [c, d] = rig->pair();
  chained first;
  char byte;
  static_cast<io_request&>(first) = backend_rig::recv_request(b, &byte, 1);
  first.io = &io();
  first.fd_to_close = d;
  first.done = [](io_request& r) noexcept {
    auto& self = static_cast<chained&>(r);
    self.reported++;
    self.io->close(self.fd_to_close);
  };
  waited_for second(recv_into_buffer(d));
  io().submit(first);
  io().submit(second);
  io().poll(always);
  EXPECT_EQ(rig->send(a, "x"), 1);
  EXPECT_EQ(rig->send(c, "y"), 1);
  rig->until_finished(second);
  EXPECT_EQ(first.reported, 1);
  EXPECT_TRUE(second.result == -ECANCELED || second.result == 1) << second.result;
  close_all({a, b, c});
}

// A sender writes a known sequence; the reader gives up at random and tries again: nothing is lost
// or doubled.
TEST_P(backend_contract, random_cancelling_keeps_the_stream_whole) {
  auto [a, b] = rig->pair();
  std::mt19937 random(7);
  std::uint32_t sent = 0, got = 0;
  unsigned cancelled_ones = 0;
  while (got < 20'000) {
    std::array<std::uint32_t, 16> words;
    std::size_t n = random() % 4;
    for (std::size_t i = 0; i < n; i++) words[i] = sent++;
    if (n) {
      EXPECT_EQ(rig->wait(backend_rig::send_request(a, words.data(), n * 4)), int(n * 4));
    }
    std::array<std::uint32_t, 16> in;
    waited_for r(backend_rig::recv_request(b, in.data(), sizeof in));
    if (!io().try_now(r)) {
      io().submit(r);
      if (random() % 2) io().poll(always);
      if (!r.finished) {
        io().cancel(r);
        rig->until_finished(r);
      }
    }
    if (r.result == -ECANCELED) {
      cancelled_ones++;
      continue;
    }
    ASSERT_EQ(r.result % 4, 0);
    for (int i = 0; i < r.result / 4; i++) ASSERT_EQ(in[std::size_t(i)], got++);
  }
  EXPECT_GT(cancelled_ones, 0u);
  close_all({a, b});
}

TEST_P(backend_contract, wake_ends_a_poll_of_another_thread) {
  std::thread waker([&] {
    std::this_thread::sleep_for(5ms);
    io().wake();
  });
  io().poll(never);
  waker.join();
}

TEST_P(backend_contract, a_wake_before_the_poll_is_not_lost) {
  for (int i = 0; i < 3; i++) {
    io().wake();
    io().wake();
    io().poll(never);
  }
}

TEST_P(backend_contract, every_wake_is_seen) {
  atomic<int> sent{0};
  std::thread waker([&] {
    for (int i = 1; i <= 2000; i++) {
      sent.store(i, release);
      io().wake();
      if (i % 100 == 0) std::this_thread::sleep_for(1ms);
    }
  });
  while (sent.load(acquire) < 2000) io().poll(never);
  waker.join();
}

TEST_P(backend_contract, a_poll_ends_at_its_time_and_no_earlier) {
  auto [a, b] = rig->pair();
  waited_for r(recv_into_buffer(b));
  io().submit(r);
  if (!rig->real()) {  // its time passes when somebody moves the clock
    std::thread clock([&] {
      std::this_thread::sleep_for(2ms);
      rig->world().advance_to(rig->world().now() + 1h);
    });
    time_point until = rig->world().now() + 30min;
    while (rig->world().now() < until) io().poll(until);
    clock.join();
  } else {
    for (duration d : {duration(300us), duration(3ms)}) {
      time_point until = sys::monotonic_now() + d;
      int rounds = 0;
      while (sys::monotonic_now() < until) io().poll(until), rounds++;
      EXPECT_LE(rounds, 3);
    }
  }
  EXPECT_EQ(r.finished, 0);
  EXPECT_EQ(io().close(b), 0);
  rig->until_finished(r);
  close_all({a});
}

}  // namespace
}  // namespace kettle
