#include "sys/thread.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <cerrno>

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

TEST(thread, an_interrupt_ends_a_blocking_call) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  struct shared {
    int fd;
    int error = 0;
  } s{ends[0]};
  sys::thread_handle t;
  auto body = [](void* p) -> void* {
    auto& s = *static_cast<shared*>(p);
    sys::allow_interrupts();
    char byte;
    if (read(s.fd, &byte, 1) < 0) __atomic_store_n(&s.error, errno, __ATOMIC_RELEASE);
    return nullptr;
  };
  ASSERT_EQ(sys::start_thread(t, body, &s), 0);
  while (__atomic_load_n(&s.error, __ATOMIC_ACQUIRE) == 0) {
    usleep(1000);
    sys::interrupt_thread(t);
  }
  sys::join_thread(t);
  EXPECT_EQ(s.error, EINTR);
  close(ends[0]);
  close(ends[1]);
}

TEST(thread, has_a_number_and_a_short_name) {
  EXPECT_EQ(sys::thread_id(), ::gettid());
  sys::short_name before = sys::thread_name();
  sys::name_thread("a name of more than fifteen letters");
  EXPECT_STREQ(sys::thread_name().text, "a name of more ");
  sys::name_thread(before.text);
}
