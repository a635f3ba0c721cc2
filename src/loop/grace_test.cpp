#include "loop/grace.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>

#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

// What goes to stderr meanwhile, as it comes.
class overheard {
 public:
  overheard() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    from_ = ends[0];
    kept_ = ::dup(2);
    ::dup2(ends[1], 2);
    ::close(ends[1]);
  }
  ~overheard() {
    ::dup2(kept_, 2);
    ::close(kept_);
    ::close(from_);
  }
  // Blocks until that has been said.
  void until(const char* words) {
    char more[512];
    while (text.find(words) == std::string::npos) {
      ssize_t n = ::read(from_, more, sizeof more);
      if (n <= 0) return;
      text.append(more, std::size_t(n));
    }
  }
  std::string text;

 private:
  int from_, kept_;
};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST(grace, a_thread_that_does_not_look_is_named) {
  overheard err;
  auto stuck = [&] { err.until("ends the process\n"); };  // it sees nothing else
  event begun;
  run({.grace = 1ms}, [&](nursery& n) -> task<> {
    n.start(name("encode"), on_thread, [&] {
      begun.set();
      stuck();
    });
    co_await begun.wait();
    n.cancel("enough of it");
  });
  EXPECT_TRUE(has(err.text,
                  "kettle: this run was cancelled (enough of it) 1 ms ago, and is kept "
                  "open by\n"))
      << err.text;
  EXPECT_TRUE(has(err.text, "encode (thread) runs on thread ")) << err.text;
  EXPECT_TRUE(has(err.text, "cancelled: enough of it\n")) << err.text;
  EXPECT_TRUE(has(err.text, ": no answer for 100 ms; it ")) << err.text;
  EXPECT_TRUE(has(err.text, "SIGINT or SIGTERM twice ends the process\n")) << err.text;
}

TEST(grace, what_a_shield_keeps_open_is_named) {
  overheard err;
  event begun;
  run({.grace = 1ms}, [&](nursery& n) {
    auto slow = [&]() -> task<> {
      co_await shielded(1h, on_thread([&] {
                          begun.set();
                          err.until("ends the process\n");
                        }));
    };
    n.start(name("cleanup"), slow);
    n.start([&]() -> task<> {
      co_await begun.wait();
      n.cancel();
    });
  });
  EXPECT_TRUE(has(err.text, "kettle: this run was cancelled 1 ms ago")) << err.text;
  EXPECT_TRUE(has(err.text, "cleanup (thread) runs on thread ")) << err.text;
  EXPECT_TRUE(has(err.text, ", shielded from a cancellation\n")) << err.text;
}

TEST(grace, a_run_that_ends_in_time_says_nothing) {
  overheard err;
  run({.grace = 1h}, [](nursery& n) {
    n.start([] { return sleep_forever(); });
    n.cancel();
  });
  ::dprintf(2, "the end\n");
  err.until("the end\n");
  EXPECT_EQ(err.text, "the end\n");
}

TEST(grace, does_not_move_virtual_time) {
  duration took{};
  run({.time = time_kind::virtual_time, .grace = 1ms}, [&](nursery& n) -> task<> {
    time_point begin = clock::now();
    n.cancel();
    co_await shielded(2h, sleep_for(1h));
    took = clock::now() - begin;
  });
  EXPECT_EQ(took, 1h);
}

TEST(grace, does_not_hide_a_deadlock_under_it) {
  EXPECT_DEATH(run({.grace = 1h},
                   [](nursery& n) -> task<> {
                     n.cancel();
                     event never_set;
                     co_await shielded(duration::max(), never_set.wait());
                   }),
               "deadlock under a shield");
}

}  // namespace
}  // namespace kettle
