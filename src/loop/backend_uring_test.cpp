// What only io_uring's way of working can get wrong; the contract itself is held in
// backend_contract_test.cpp.

#include "loop/backend_rig.hpp"
#include "sys/seccomp.hpp"

#include <kettle/base/error.hpp>

#include <array>
#include <deque>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/wait.h>

namespace kettle {
namespace {

class uring_backend_test : public testing::Test {
 protected:
  void SetUp() override {
    if (int denied = uring_denied())
      GTEST_SKIP() << "io_uring is denied: " << std::strerror(denied);
    rig = std::make_unique<backend_rig>(backend_kind::io_uring);
  }
  backend& io() { return rig->io(); }
  std::unique_ptr<backend_rig> rig;
};

TEST_F(uring_backend_test, more_completions_than_the_ring_holds_are_not_lost) {
  auto [a, b] = rig->pair();
  constexpr std::size_t many = 5000;  // the ring holds 2048
  std::deque<waited_for> all;
  for (std::size_t i = 0; i < many; i++)
    io().submit(all.emplace_back(backend_rig::poll_request(a, POLLOUT)));
  for (waited_for& r : all) rig->until_finished(r);
  EXPECT_EQ(io().pending(), 0u);
  io().close(a), io().close(b);
}

TEST_F(uring_backend_test, thousands_are_cancelled_at_once) {
  auto [a, b] = rig->pair();
  std::deque<waited_for> all;
  char c;
  for (int i = 0; i < 3000; i++) io().submit(all.emplace_back(backend_rig::recv_request(b, &c, 1)));
  io().poll(always);
  for (waited_for& r : all) io().cancel(r);
  for (waited_for& r : all) {
    rig->until_finished(r);
    EXPECT_EQ(r.result, -ECANCELED);
  }
  io().close(a), io().close(b);
}

TEST_F(uring_backend_test, a_late_cancel_cannot_reach_the_next_request_at_the_same_address) {
  auto [a, b] = rig->pair();
  char c;
  for (int i = 0; i < 100; i++) {
    waited_for r(backend_rig::recv_request(b, &c, 1));
    io().submit(r);
    io().poll(always);
    EXPECT_EQ(rig->send(a, "x"), 1);
    while (!r.finished) {
      io().cancel(r);
      rig->turn();
    }
    if (r.result == -ECANCELED) {
      EXPECT_EQ(rig->recv(b, 1), "x");
    }
    waited_for next(backend_rig::recv_request(b, &c, 1));  // may lie where r lay
    io().submit(next);
    io().poll(always);
    EXPECT_EQ(next.finished, 0);
    EXPECT_EQ(rig->send(a, "y"), 1);
    rig->until_finished(next);
    EXPECT_EQ(next.result, 1);
  }
  io().close(a), io().close(b);
}

// The entry names the descriptor by number: closing must not let it reach whoever gets the number
// next.
TEST_F(uring_backend_test, an_entry_not_yet_submitted_does_not_reach_a_reused_number) {
  int l = rig->listener();
  auto [a, b] = rig->pair_at(l);
  auto [c, d] = rig->pair_at(l);
  std::array<char, 8> in{};
  waited_for r(backend_rig::recv_request(b, in.data(), in.size()));
  io().submit(r);  // no poll: still on our side
  EXPECT_EQ(io().close(b), 0);
  ASSERT_EQ(::dup2(d, b), b);
  EXPECT_EQ(rig->send(c, "for d"), 5);
  rig->until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  EXPECT_EQ(rig->recv(d, 8), "for d");
  for (int fd : {a, b, c, d, l}) io().close(fd);
}

TEST_F(uring_backend_test, it_belongs_to_the_thread_that_uses_it_first) {
  auto made_here = make_uring_backend();
  std::thread user([&] {
    made_here->wake();
    made_here->poll(never);
  });
  user.join();
}

TEST_F(uring_backend_test, a_denial_is_an_error_with_its_reason) {
  pid_t child = ::fork();  // a filter stays for good
  if (child == 0) {
    sys::deny_io_uring(EPERM);
    try {
      make_uring_backend();
    } catch (const io_error& e) {
      ::_exit(e.code().value());
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), EPERM);
}

}  // namespace
}  // namespace kettle
