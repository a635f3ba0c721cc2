#include "sys/thread.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace sys = kettle::sys;

TEST(thread, runs_its_body_with_signals_blocked) {
  sys::thread_handle t;
  bool blocked = false;
  auto body = [](void* out) -> void* {
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, nullptr, &now);
    *static_cast<bool*>(out) = sigismember(&now, SIGINT) && sigismember(&now, SIGTERM);
    return nullptr;
  };
  ASSERT_EQ(sys::start_thread(t, body, &blocked), 0);
  sys::join_thread(t);
  EXPECT_TRUE(blocked);
}

TEST(thread, has_a_number_and_a_short_name) {
  EXPECT_EQ(sys::thread_id(), ::gettid());
  sys::short_name before = sys::thread_name();
  sys::name_thread("a name of more than fifteen letters");
  EXPECT_STREQ(sys::thread_name().text, "a name of more ");
  sys::name_thread(before.text);
}
