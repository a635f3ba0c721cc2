#include "core/home.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

struct note : mail {
  note(std::vector<int>& seen, int n) noexcept : mail(deliver), into(seen), number(n) {}
  static void deliver(mail& m) noexcept {
    auto& self = static_cast<note&>(m);
    self.into.push_back(self.number);
  }
  std::vector<int>& into;
  int number;
};

TEST(home, delivers_mail_in_the_order_in_which_it_was_posted) {
  home& here = home::here();
  std::vector<int> seen;
  note one(seen, 1), two(seen, 2), three(seen, 3);
  here.post(one);
  here.post(two);
  here.post(three);
  here.take_mail();
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST(home, mail_from_another_thread_wakes_it_from_its_sleep) {
  home& here = home::here();
  bool arrived = false;
  struct flag : mail {
    explicit flag(bool& b) noexcept
        : mail([](mail& m) noexcept { static_cast<flag&>(m).set = true; }), set(b) {}
    bool& set;
  } letter(arrived);
  std::thread other([&] {
    std::this_thread::sleep_for(5ms);
    here.post(letter);
  });
  here.run_until(arrived);
  other.join();
  EXPECT_TRUE(arrived);
}

TEST(home, two_threads_hand_a_wake_to_and_fro_without_losing_one) {
  constexpr int rounds = 2000;
  std::atomic<int> done{0};
  struct ping : operation<ping> {  // waits until the other side wakes us
    explicit ping(std::atomic<context*>& slot) noexcept : mine(slot) {}
    bool start() override {
      mine.store(&who());
      return false;
    }
    void unlink() noexcept override {}
    const char* what() const noexcept override { return "ping"; }
    void finish() noexcept {}
    std::atomic<context*>& mine;
  };
  std::atomic<context*> left{nullptr}, right{nullptr};
  auto wake_when_there = [](std::atomic<context*>& other) {
    context* c = nullptr;
    while (!(c = other.exchange(nullptr))) std::this_thread::yield();
    wake(*c);
  };
  std::thread other([&] {
    for (int i = 0; i < rounds; i++) {
      wake_when_there(left);
      ping(right).get();
    }
    done++;
  });
  for (int i = 0; i < rounds; i++) {
    ping(left).get();
    wake_when_there(right);
  }
  other.join();
  EXPECT_EQ(done, 1);
}

TEST(home, belongs_to_its_thread_and_goes_with_it) {
  home* mine = &home::here();
  home* others = nullptr;
  std::thread([&] { others = &home::here(); }).join();
  EXPECT_NE(mine, others);
  EXPECT_EQ(mine, &home::here());
}

}  // namespace
}  // namespace kettle
