#include <kettle/io/signals.hpp>

#include "io/io_rig.hpp"

#include <csignal>

namespace kettle {
namespace {

class receivers : public every_backend {};
ON_EVERY_BACKEND(receivers);

TEST_P(receivers, a_signal_wakes_who_waits_for_it) {
  in_run([]() -> task<> {
    signal_receiver two({SIGUSR1, SIGUSR2});
    auto wait = [&]() -> task<> { EXPECT_EQ(co_await two.next(), SIGUSR2); };
    auto raise = [&]() -> task<> {
      co_await yield();
      auto second = co_await as_outcome(two.next());
      EXPECT_TRUE(second.error_as<busy_resource>()) << second.what();
      ::raise(SIGUSR2);
    };
    co_await all(wait, raise);
  });
}

TEST_P(receivers, those_that_came_twice_are_told_once_and_each_gets_its_turn) {
  in_run([]() -> task<> {
    signal_receiver two({SIGUSR1, SIGUSR2});
    for (int s : {SIGUSR1, SIGUSR1, SIGUSR2, SIGUSR2, SIGUSR1}) ::raise(s);
    EXPECT_EQ(co_await two.next(), SIGUSR1);
    ::raise(SIGUSR1);  // again: the other one is told first
    EXPECT_EQ(co_await two.next(), SIGUSR2);
    EXPECT_EQ(co_await two.next(), SIGUSR1);
    EXPECT_FALSE(co_await move_on_after(1ms, two.next()));
    ::raise(SIGUSR1);
    EXPECT_EQ(co_await two.next(), SIGUSR1);
  });
}

volatile std::sig_atomic_t seen = 0;

TEST(signal_receiver, what_nobody_took_goes_to_the_former_action) {
  auto former = ::signal(SIGUSR1, [](int) { seen = seen + 1; });
  {
    signal_receiver mine({SIGUSR1});
    ::raise(SIGUSR1);
    EXPECT_EQ(seen, 0);
  }
  EXPECT_EQ(seen, 1);
  ::raise(SIGUSR1);
  EXPECT_EQ(seen, 2);
  ::signal(SIGUSR1, former);
}

TEST(signal_receiver, one_signal_has_one_receiver) {
  signal_receiver mine({SIGUSR1});
  EXPECT_THROW(signal_receiver({SIGUSR2, SIGUSR1}), usage_error);
  EXPECT_THROW(signal_receiver({SIGKILL}), usage_error);
  EXPECT_THROW(signal_receiver({0}), usage_error);
  EXPECT_THROW(signal_receiver(std::initializer_list<int>{}), usage_error);
  signal_receiver free_again({SIGUSR2});
}

}  // namespace
}  // namespace kettle
