#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/map.hpp>
#include <kettle/coro/place_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/processes/on_process.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

using namespace std::chrono_literals;

std::string greet(std::string who) {
  if (who == "nobody") throw std::invalid_argument("nobody to greet");
  return "hello " + who;
}
int wait_long() {
  sleep_forever().get();
  return 1;
}

TEST(on_process, gives_a_nursery_its_results) {
  std::string got = run([](nursery& n) -> task<std::string> {
    auto f = n.start(on_process, greet, "ann");
    co_return co_await f;
  });
  EXPECT_EQ(got, "hello ann");
}

TEST(on_process, an_error_cancels_the_siblings_and_arrives_once) {
  try {
    run([](nursery& n) -> task<> {
      n.start(on_process, wait_long);
      n.start(on_process, greet, "nobody");
      co_await sleep_forever();
    });
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "nobody to greet");
  }
}

TEST(on_process, deadlines_cancel_what_runs_there) {
  auto late = run([]() -> task<bool> {
    auto v = co_await move_on_after(10ms, on_process(wait_long));
    co_return v.has_value();
  });
  EXPECT_FALSE(late);
  EXPECT_THROW(fail_after(10ms, on_process(wait_long)).get(), timeout_error);
}

TEST(on_process, the_deadline_tag_goes_along) {
  bool timed_out = false;
  try {
    run([](nursery& n) -> task<> {
      n.start(deadline(5ms), on_process, wait_long);
      co_return;
    });
  } catch (const timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
}

TEST(on_process, map_keeps_the_order) {
  std::vector<std::string> names{"a", "b", "c", "d"};
  auto all = map(on_process, greet, names).get();
  EXPECT_EQ(all, (std::vector<std::string>{"hello a", "hello b", "hello c", "hello d"}));
}

TEST(on_process, its_processes_end_with_the_run) {
  int pid =
      run([]() -> task<int> { co_return co_await on_process([] { return int(::getpid()); }); });
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(on_process, under_the_virtual_clock_it_is_work_that_time_waits_for) {
  run_options o;
  o.time = time_kind::virtual_time;
  auto body = [](nursery& n) -> task<bool> {
    auto begun = clock::now();
    auto f = n.start(on_process, [] { ::usleep(20'000); });
    co_await sleep_for(1h);
    bool done = f.done();
    co_return done&& clock::now() - begun == 1h;
  };
  EXPECT_TRUE(run(o, body));
}

}  // namespace
}  // namespace kettle
