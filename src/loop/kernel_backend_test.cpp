// What holds for epoll and io_uring alike, where the kernel's descriptors are concerned: pipes,
// files, terminals, sockets that others made.

#include "loop/backend_rig.hpp"
#include "sys/memfd.hpp"
#include "sys/stream.hpp"

#include <array>
#include <csignal>
#include <string>

#include <poll.h>
#include <sys/un.h>

namespace kettle {
namespace {

struct both_ends {
  sys::unique_fd out, in;  // read, write
};
both_ends pipe_ends() {  // blocking, as a shell makes them
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {sys::unique_fd(ends[0]), sys::unique_fd(ends[1])};
}
both_ends socket_ends(int flags = 0) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, ends), 0);
  return {sys::unique_fd(ends[0]), sys::unique_fd(ends[1])};
}

io_request request(io_kind kind, int fd, const void* data, std::size_t size,
                   std::int64_t offset = -1) {
  io_request r;
  r.kind = kind;
  r.fd = fd;
  r.data = const_cast<void*>(data);
  r.size = size;
  r.offset = offset;
  return r;
}

class kernel_backend_test : public testing::TestWithParam<backend_kind> {
 protected:
  void SetUp() override {
    if (GetParam() == backend_kind::io_uring)
      if (int denied = uring_denied())
        GTEST_SKIP() << "io_uring is denied: " << std::strerror(denied);
    rig = std::make_unique<backend_rig>(GetParam());
  }
  std::unique_ptr<backend_rig> rig;
};

INSTANTIATE_TEST_SUITE_P(both, kernel_backend_test,
                         testing::Values(backend_kind::io_uring, backend_kind::epoll),
                         [](const auto& i) {
                           return i.param == backend_kind::epoll ? "epoll" : "io_uring";
                         });

TEST_P(kernel_backend_test, a_pipe_is_read_and_written_without_stopping_the_loop) {
  both_ends p = pipe_ends();
  std::string much(300'000, 'x'), got;
  std::array<char, 10'000> in{};
  std::size_t out = 0;
  bool waited = false;
  std::unique_ptr<waited_for> w;
  while (got.size() < much.size()) {
    if (!w && out < much.size()) {
      w = std::make_unique<waited_for>(
          request(io_kind::write, p.in.get(), much.data() + out, much.size() - out));
      rig->io().submit(*w);
      rig->io().poll(always);
      rig->io().poll(always);
      waited |= !w->finished;
    }
    if (w && w->finished) {
      ASSERT_GT(w->result, 0);
      out += std::size_t(w->result);
      w.reset();
      continue;
    }
    int n = rig->wait(request(io_kind::read, p.out.get(), in.data(), in.size()));
    ASSERT_GT(n, 0);
    got.append(in.data(), std::size_t(n));
  }
  if (w) {
    rig->until_finished(*w);
  }
  EXPECT_TRUE(waited);
  EXPECT_TRUE(got == much);
  EXPECT_FALSE(sys::is_non_blocking(p.in.get()));
  EXPECT_FALSE(sys::is_non_blocking(p.out.get()));
}

TEST_P(kernel_backend_test, a_waiting_pipe_is_cancelled_and_closed) {
  both_ends p = pipe_ends();
  char c;
  waited_for r(request(io_kind::read, p.out.get(), &c, 1));
  EXPECT_FALSE(rig->io().try_now(r));
  rig->io().submit(r);
  rig->io().poll(always);
  rig->io().cancel(r);
  rig->until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  waited_for again(request(io_kind::read, p.out.get(), &c, 1));
  rig->io().submit(again);
  rig->io().poll(always);
  EXPECT_EQ(rig->io().close(p.out.release()), 0);
  rig->until_finished(again);
  EXPECT_EQ(again.result, -ECANCELED);
}

TEST_P(kernel_backend_test, the_end_of_a_pipe_wakes_and_a_broken_one_raises_no_signal) {
  both_ends p = pipe_ends();
  char c = 'x';
  waited_for r(request(io_kind::read, p.out.get(), &c, 1));
  rig->io().submit(r);
  rig->io().poll(always);
  p.in.reset();
  rig->until_finished(r);
  EXPECT_EQ(r.result, 0);
  both_ends q = pipe_ends();
  q.out.reset();
  waited_for w(request(io_kind::write, q.in.get(), &c, 1));
  rig->io().submit(w);  // not tried before: the back end itself must not raise it
  rig->until_finished(w);
  EXPECT_EQ(w.result, -EPIPE);
}

TEST_P(kernel_backend_test, a_regular_file_is_read_and_written_at_an_offset) {
  sys::memfd file("x", 0);
  EXPECT_EQ(rig->wait(request(io_kind::write, file.get(), "coffee", 6, 0)), 6);
  std::array<char, 8> in{};
  EXPECT_EQ(rig->wait(request(io_kind::read, file.get(), in.data(), 8, 3)), 3);
  EXPECT_STREQ(in.data(), "fee");
  waited_for r(request(io_kind::read, file.get(), in.data(), 8, 6));  // not tried before
  rig->io().submit(r);
  EXPECT_EQ(r.finished, 0);
  rig->until_finished(r);
  EXPECT_EQ(r.result, 0);
}

TEST_P(kernel_backend_test, a_number_closed_behind_our_back_works_again) {
  std::array<char, 8> in{};
  for (int life = 0; life < 3; life++) {
    both_ends s = socket_ends();
    waited_for r(request(io_kind::recv, s.out.get(), in.data(), in.size()));
    EXPECT_FALSE(rig->io().try_now(r));
    rig->io().submit(r);
    rig->io().poll(always);
    EXPECT_EQ(rig->wait(request(io_kind::send, s.in.get(), "life", 4)), 4);
    rig->until_finished(r);
    EXPECT_EQ(r.result, 4);
  }
}

TEST_P(kernel_backend_test, a_copy_held_by_another_process_gives_no_stale_events) {
  auto [a, b] = rig->pair();
  std::array<char, 8> in{};
  waited_for r(backend_rig::recv_request(b, in.data(), in.size()));
  rig->io().submit(r);
  rig->io().poll(always);
  sys::unique_fd copy(::fcntl(b, F_DUPFD_CLOEXEC, 1000));  // as a forked child would hold it
  EXPECT_EQ(rig->io().close(b), 0);
  rig->until_finished(r);
  EXPECT_EQ(r.result, -ECANCELED);
  auto [c, d] = rig->pair();
  waited_for fresh(backend_rig::recv_request(d, in.data(), in.size()));
  rig->io().submit(fresh);
  EXPECT_EQ(rig->send(a, "to the copy"), 11);
  for (int i = 0; i < 5; i++) rig->io().poll(always);
  EXPECT_EQ(fresh.finished, 0);
  EXPECT_EQ(rig->send(c, "x"), 1);
  rig->until_finished(fresh);
  EXPECT_EQ(fresh.result, 1);
  for (int fd : {a, c, d}) rig->io().close(fd);
}

TEST_P(kernel_backend_test, a_unix_listener_whose_queue_is_full_does_not_stop_the_loop) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::string text = "kettle-test-" + std::to_string(::getpid());
  std::memcpy(name.sun_path + 1, text.data(), text.size());  // abstract: no file to leave behind
  auto size = std::uint32_t(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  int l = rig->io().socket(AF_UNIX, SOCK_STREAM);
  ASSERT_EQ(rig->io().bind(l, &name, size), 0);
  ASSERT_EQ(rig->io().listen(l, 0), 0);
  int first = rig->io().socket(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(rig->wait(request(io_kind::connect, first, &name, size)), 0);
  int second = rig->io().socket(AF_UNIX, SOCK_STREAM);
  waited_for r(request(io_kind::connect, second, &name, size));
  if (!rig->io().try_now(r)) {
    rig->io().submit(r);
    for (int i = 0; i < 3; i++) rig->io().poll(always);
    if (!r.finished) rig->io().cancel(r);
    rig->until_finished(r);
  }
  EXPECT_TRUE(r.result == -EAGAIN || r.result == -ECANCELED) << r.result;
  for (int fd : {l, first, second}) rig->io().close(fd);
}

}  // namespace
}  // namespace kettle
