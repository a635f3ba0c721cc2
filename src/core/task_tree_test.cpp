#include "core/task_tree.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kettle {
namespace {

using namespace std::chrono_literals;

task<> brew() { co_await sleep_forever(); }
constexpr int brew_line = __LINE__ - 1;

TEST(task_tree, a_deadlock_names_each_task_its_wait_and_its_lines) {
  int awaited_at = 0;
  std::string what;
  try {
    run({.time = time_kind::virtual_time}, [&](nursery& n) -> task<> {
      n.start(name("coffee"), brew);
      awaited_at = __LINE__ + 1;
      co_await brew();
    });
  } catch (const deadlock_error& e) {
    what = e.what();
  }
  std::string line = "task_tree_test.cpp:" + std::to_string(brew_line);
  EXPECT_NE(what.find("deadlock: nothing can run, and nothing can wake it\n"), std::string::npos);
  EXPECT_NE(what.find("coffee (coroutine) waits for sleep at " + line + "\n"), std::string::npos)
      << what;
  EXPECT_NE(what.find("root (coroutine) waits for sleep at " + line +
                      " <- task_tree_test.cpp:" + std::to_string(awaited_at) + "\n"),
            std::string::npos)
      << what;
}

TEST(task_tree, a_deadlock_in_real_time_is_an_error_too) {
  EXPECT_THROW(run(brew), deadlock_error);
}

TEST(task_tree, cleanup_runs_before_a_deadlock_is_thrown) {
  bool cleaned = false;
  EXPECT_THROW(run([&] { return finally(sleep_forever(), [&] { cleaned = true; }); }),
               deadlock_error);
  EXPECT_TRUE(cleaned);
}

TEST(task_tree, shows_who_is_ready_and_who_is_deeper) {
  std::string text;
  auto inner = [](nursery& m) { m.start(name("grandchild"), [] { return sleep_for(1s); }); };
  run({.time = time_kind::virtual_time}, [&](nursery& n) -> task<> {
    n.start(name("ready one"), [] { return sleep_for(1s); });
    auto parent = [&]() -> task<> { co_await with_nursery(inner); };
    n.start(name("parent"), parent);
    auto look = [&]() -> task<> {
      text = task_tree(n.scope());
      co_return;
    };
    co_await yield();
    co_await yield();
    n.start(name("late"), [] { return sleep_for(1s); });
    co_await look();
  });
  EXPECT_NE(text.find("late (coroutine) ready\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    "), std::string::npos) << text;
  EXPECT_NE(text.find("grandchild (coroutine) waits for sleep"), std::string::npos) << text;
  EXPECT_NE(text.find("parent (coroutine) waits for nursery"), std::string::npos) << text;
}

}  // namespace
}  // namespace kettle
