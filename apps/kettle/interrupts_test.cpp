#include "interrupts.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

using namespace kettle::app;

TEST(interrupts, a_signal_is_remembered_and_does_not_strike) {
  interrupts asked;
  EXPECT_FALSE(asked.to_stop());
  ::kill(::getpid(), SIGINT);
  EXPECT_TRUE(asked.to_stop());
  EXPECT_TRUE(asked.to_stop());
}

TEST(interrupts, the_process_ends_by_the_signal_it_was_asked_with) {
  for (int signal : {SIGINT, SIGTERM}) {
    pid_t pid = ::fork();
    if (pid == 0) {
      interrupts asked;
      asked.end_by_it();  // nothing yet
      ::kill(::getpid(), signal);
      if (asked.to_stop()) asked.end_by_it();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
  }
}
