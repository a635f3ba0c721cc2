#include <kettle/coro/place_call.hpp>
#include <kettle/io/pipe.hpp>
#include <kettle/threads/on_thread.hpp>

#include "io/io_rig.hpp"

#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

class descriptor_waits : public every_backend {
 protected:
  void SetUp() override { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0); }
  void TearDown() override { ::close(end[0]), ::close(end[1]); }
  void fill() {  // nothing more goes in
    ASSERT_EQ(::fcntl(end[0], F_SETFL, O_NONBLOCK), 0);
    char much[4096] = {};
    while (::write(end[0], much, sizeof much) > 0) {}
  }
  int end[2];
};
ON_REAL_BACKENDS(descriptor_waits);

TEST_P(descriptor_waits, are_one_at_a_time_in_each_direction) {
  fill();
  in_run([&]() -> task<> {
    int ended = 0;
    auto in = [&]() -> task<> { co_await readable(end[0]), ended++; };
    auto out = [&]() -> task<> { co_await writable(end[0]), ended++; };
    auto others = [&]() -> task<> {
      co_await yield();
      for (int i = 0; i < 2; i++) {  // the refused one takes nothing away
        auto second = co_await as_outcome(readable(end[0]));
        EXPECT_TRUE(second.error_as<busy_resource>()) << second.what();
        auto second_out = co_await as_outcome(writable(end[0]));
        EXPECT_TRUE(second_out.error_as<busy_resource>()) << second_out.what();
      }
      EXPECT_EQ(::write(end[1], "x", 1), 1);
      while (ended == 0) co_await yield();
      co_await readable(end[0]);  // the first has ended
      char much[4096];
      while (::recv(end[1], much, sizeof much, MSG_DONTWAIT) > 0) {}
    };
    co_await all(in, out, others);
    EXPECT_EQ(ended, 2);
  });
}

TEST_P(descriptor_waits, are_one_at_a_time_over_all_threads) {
  in_run([&]() -> task<> {
    auto elsewhere = [fd = end[0]] {
      try {
        readable(fd).get();
        return false;
      } catch (const busy_resource&) {
        return true;
      }
    };
    cancel_scope s;
    auto wait = [&]() -> task<> { EXPECT_FALSE(co_await in_scope(s, readable(end[0]))); };
    auto other = [&]() -> task<> {
      co_await yield();
      EXPECT_TRUE(co_await on_thread(elsewhere));
      s.cancel();
    };
    co_await all(wait, other);
    EXPECT_EQ(::write(end[1], "x", 1), 1);
    EXPECT_FALSE(co_await on_thread(elsewhere));
  });
}

TEST_P(descriptor_waits, end_when_the_descriptor_is_about_to_be_closed) {
  fill();
  in_run([&]() -> task<> {
    int told = 0;
    auto in = [&]() -> task<> {
      auto o = co_await as_outcome(readable(end[0]));
      told += o.error_as<closed_resource>() != nullptr;
    };
    auto out = [&]() -> task<> {
      auto o = co_await as_outcome(writable(end[0]));
      told += o.error_as<closed_resource>() != nullptr;
    };
    auto close = [&]() -> task<> {
      co_await yield();
      notify_closing(end[0]);
      notify_closing(end[0]);  // twice is fine
      ::close(end[0]);
      int again[2];
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, again), 0);
      EXPECT_EQ(again[0], end[0]) << "the number is used again";
      EXPECT_EQ(::write(again[1], "x", 1), 1);
      ::close(again[1]);
      co_return;
    };
    co_await all(in, out, close);
    EXPECT_EQ(told, 2);
    co_await readable(end[0]);  // whoever waits now waits for another one
  });
}

TEST_P(descriptor_waits, of_a_closed_descriptor_hold_up_nobody_who_waits_for_its_successor) {
  in_run([&]() -> task<> {
    auto orphan = [&]() -> task<> {
      auto o = co_await as_outcome(readable(end[0]));
      EXPECT_TRUE(o.error_as<closed_resource>()) << o.what();
    };
    auto close = [&]() -> task<> {
      co_await yield();
      ::close(end[0]);  // nobody is told
      int again[2];
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, again), 0);
      EXPECT_EQ(again[0], end[0]) << "the number is used again";
      EXPECT_FALSE(co_await move_on_after(1ms, readable(end[0])));
      EXPECT_EQ(::write(again[1], "x", 1), 1);
      co_await readable(end[0]);
      ::close(again[1]);
    };
    co_await all(orphan, close);
  });
}

TEST_P(descriptor_waits, on_another_thread_are_told_too) {
  in_run([&]() -> task<> {
    auto elsewhere = [fd = end[0]] {
      for (;;) {
        try {
          readable(fd).get();
          return std::string("granted");
        } catch (const busy_resource&) {  // the look below
        } catch (const closed_resource&) {
          return std::string("told");
        }
      }
    };
    auto tell = [&]() -> task<> {
      // When the other thread waits, and not before, a second wait is refused.
      for (;;) {
        auto o = co_await as_outcome(move_on_after(1us, readable(end[0])));
        if (o.error_as<busy_resource>()) break;
        co_await sleep_for(100us);
      }
      notify_closing(end[0]);
    };
    auto [end_of_wait, nothing] = co_await all(on_thread(elsewhere), tell());
    (void)nothing;
    EXPECT_EQ(end_of_wait, "told");
  });
}

TEST_P(descriptor_waits, nobody_is_told_where_nobody_waits) {
  in_run([&]() -> task<> {
    for (int fd : {-1, end[0], end[1], 1 << 20}) notify_closing(fd);
    EXPECT_FALSE(co_await move_on_after(0ms, readable(end[0])));
    notify_closing(end[0]);
    EXPECT_FALSE(co_await move_on_after(1ms, readable(end[0])));
  });
}

TEST_P(descriptor_waits, of_the_parent_do_not_count_in_a_forked_child) {
  in_run([&]() -> task<> {
    auto wait = [&]() -> task<> { co_await readable(end[0]); };
    auto fork = [&]() -> task<> {
      co_await yield();
      pid_t child = ::fork();
      if (child == 0) {
        bool free = false;
        std::thread([&] {
          auto o = as_outcome(move_on_after(0ms, readable(end[0]))).get();
          free = o && !*o;
        }).join();
        ::_exit(free ? 0 : 1);
      }
      int status = 0;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
      EXPECT_EQ(::write(end[1], "x", 1), 1);
    };
    co_await all(wait, fork);
  });
}

}  // namespace
}  // namespace kettle
