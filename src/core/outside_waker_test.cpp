#include <kettle/core/outside_waker.hpp>
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace kettle {

TEST(outside_waker, keeps_a_wait_for_a_foreign_thread_from_being_a_deadlock) {
  int got = run([](nursery& n) -> task<int> {
    outside_waker foreign;
    context& waiter = *tls.current;
    std::jthread stranger([&] { wake(waiter); });
    (void)n;
    struct for_ever final : operation<for_ever> {
      bool start() override { return false; }
      void unlink() noexcept override {}
      const char* what() const noexcept override { return "a foreign thread"; }
      int finish() noexcept { return 7; }
    };
    co_return co_await for_ever{};
  });
  EXPECT_EQ(got, 7);
}

TEST(outside_waker, gone_leaves_a_deadlock_an_error) {
  EXPECT_THROW(run([]() -> task<> {
                 { outside_waker passing; }
                 co_await sleep_forever();
               }),
               deadlock_error);
}

}  // namespace kettle
