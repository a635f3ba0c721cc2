#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/sync/shared_mutex.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;
constexpr run_options on_virtual_time{.time = time_kind::virtual_time};

task<> read(shared_mutex& m, std::string& log, char name) {
  auto g = co_await m.lock_shared();
  log += name;
  co_await sleep_for(1s);
  log += char(name - 'a' + 'A');
}
task<> write(shared_mutex& m, std::string& log, char name) {
  auto g = co_await m.lock();
  log += name;
  co_await sleep_for(1s);
  log += char(name - 'a' + 'A');
}

TEST(shared_mutex, readers_share_and_do_not_overtake_a_writer) {
  shared_mutex m;
  std::string log;
  run(on_virtual_time, [&](nursery& n) {
    n.start(read, std::ref(m), std::ref(log), 'a');
    n.start(read, std::ref(m), std::ref(log), 'b');
    n.start(write, std::ref(m), std::ref(log), 'w');
    n.start(read, std::ref(m), std::ref(log), 'c');
    n.start(read, std::ref(m), std::ref(log), 'd');
    n.start(write, std::ref(m), std::ref(log), 'x');
  });
  EXPECT_EQ(log, "abABwWcdCDxX");
}

TEST(shared_mutex, a_writer_that_gives_up_lets_the_readers_behind_it_in) {
  shared_mutex m;
  std::string log;
  run(on_virtual_time, [&]() -> task<> {
    co_await all(read(m, log, 'a'), move_on_after(500ms, write(m, log, 'w')), read(m, log, 'b'));
  });
  EXPECT_EQ(log, "abAB");
  EXPECT_TRUE(m.try_lock());
}

TEST(shared_mutex, a_lock_granted_to_a_cancelled_wait_goes_to_the_next) {
  for (bool shared : {true, false}) {
    shared_mutex m;
    std::string log;
    run(on_virtual_time, [&]() -> task<> {
      cancel_scope scope;
      co_await all(
          [&]() -> task<> {
            auto g = co_await m.lock();
            co_await sleep_for(1s);
            g.release();
            scope.cancel();
          },
          in_scope(scope, [&] { return shared ? read(m, log, 'a') : write(m, log, 'a'); }),
          write(m, log, 'b'));
    });
    EXPECT_EQ(log, "bB");
  }
}

TEST(shared_mutex, try_never_waits) {
  shared_mutex m;
  {
    auto r = m.try_lock_shared();
    EXPECT_TRUE(r);
    EXPECT_TRUE(m.try_lock_shared());
    EXPECT_FALSE(m.try_lock());
  }
  auto w = m.try_lock();
  EXPECT_TRUE(w);
  EXPECT_FALSE(m.try_lock_shared());
}

TEST(shared_mutex, keeps_readers_and_writers_of_several_threads_apart) {
  shared_mutex m;
  long a = 0, b = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; i++) {
        if ((i + t) % 4 == 0) {
          auto g = m.lock().get();
          a++, b++;
        } else {
          auto g = m.lock_shared().get();
          EXPECT_EQ(a, b);
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(a, 2000);
}

}  // namespace
}  // namespace kettle
