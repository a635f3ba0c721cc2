// Behaviour 73: fibers of a loop that wait for each other in libc, and what may still wake them.
#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <system_error>
#include <thread>

namespace {

using namespace kettle;
using namespace std::chrono_literals;

// What run says of its standstill; empty: there was none.
template <class F> std::string standstill(F body) {
  try {
    run(body);
  } catch (const deadlock_error& e) {
    return e.what();
  }
  return "";
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Two fibers that take the same two locks, each in its own order.
template <class Lock> std::string cross(int& ended) {
  Lock one, two;
  auto take = [&](Lock& first, Lock& second) {
    struct at_end {
      int& n;
      ~at_end() { n++; }
    } end{ended};
    std::lock_guard mine(first);
    yield().get();
    std::lock_guard other(second);
  };
  return standstill([&](nursery& n) {
    n.start(name("left"), on_fiber, [&] { take(one, two); });
    n.start(name("right"), on_fiber, [&] { take(two, one); });
  });
}

TEST(standstill, of_two_mutexes_is_an_error_that_names_both_waits) {
  int ended = 0;
  std::string said = cross<std::mutex>(ended);
  EXPECT_TRUE(says(said, "left (fiber) waits for pthread_mutex_lock")) << said;
  EXPECT_TRUE(says(said, "right (fiber) waits for pthread_mutex_lock")) << said;
  EXPECT_EQ(ended, 2);
}

TEST(standstill, of_two_read_write_locks_is_one_too) {
  int ended = 0;
  std::string said = cross<std::shared_mutex>(ended);
  EXPECT_TRUE(says(said, "left (fiber) waits for pthread_rwlock_wrlock")) << said;
  EXPECT_EQ(ended, 2);
}

TEST(standstill, fails_one_lock_after_the_other_with_edeadlk) {
  std::mutex m;
  int errors = 0, had = 0;
  std::string said = standstill([&](nursery& n) {
    n.start(on_fiber, [&] {
      m.lock();  // and never unlocks it
    });
    for (int i = 0; i < 2; i++)
      n.start(on_fiber, [&] {
        if (int e = ::pthread_mutex_lock(m.native_handle()))
          errors += e == EDEADLK;
        else
          had++;
      });
  });
  EXPECT_TRUE(says(said, "pthread_mutex_lock")) << said;
  EXPECT_EQ(errors, 2);
  EXPECT_EQ(had, 0);
}

TEST(standstill, gives_the_lock_where_cancelling_its_holder_is_enough) {
  std::mutex m;
  bool had_it = false;
  std::string said = standstill([&](nursery& n) {
    n.start(name("holder"), on_fiber, [&] {
      std::lock_guard lock(m);
      sleep_forever().get();
    });
    n.start(name("next"), on_fiber, [&] {
      std::lock_guard lock(m);
      had_it = true;
    });
  });
  EXPECT_TRUE(says(said, "holder (fiber) waits for sleep")) << said;
  EXPECT_TRUE(says(said, "next (fiber) waits for pthread_mutex_lock")) << said;
  EXPECT_TRUE(had_it);
}

TEST(standstill, of_a_semaphore_is_its_error) {
  sem_t nothing;
  ::sem_init(&nothing, 0, 0);
  int error = 0;
  std::string said = standstill([&](nursery& n) {
    n.start(on_fiber, [&] { error = ::sem_wait(&nothing) == -1 ? errno : 0; });
  });
  EXPECT_TRUE(says(said, "sem_wait")) << said;
  EXPECT_EQ(error, EDEADLK);
}

// No error of pthread_cond_wait's says so, and nothing may be thrown through it.
TEST(standstill, of_a_condition_ends_the_process_with_the_tree) {
  auto wait = [] {
    std::mutex m;
    std::condition_variable never_said;
    auto consumer = [&] {
      std::unique_lock lock(m);
      never_said.wait(lock, [] { return false; });
    };
    run([&](nursery& n) { n.start(name("consumer"), on_fiber, consumer); });
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // the child of a fork has no loop that parks
  EXPECT_DEATH(wait(), "deadlock under a shield:\n(.|\n)*consumer .fiber. waits for pthread_cond");
}

TEST(standstill, idle_threads_of_ours_do_not_hide_it) {
  int ended = 0;
  run([](nursery& n) {
    n.start(on_thread, [] {});
    n.start(on_cores, [] {});
    n.start(on_fiber, [] { ::sync(); });
    n.start(on_fiber, [] { std::thread([] {}).join(); });  // waited for by a thread of the library
  });
  EXPECT_NE(cross<std::mutex>(ended), "");
  EXPECT_EQ(ended, 2);
}

// So long that it is looked for more than once.
constexpr auto long_enough = 350ms;

TEST(standstill, a_foreign_thread_may_still_end_it) {
  sem_t word;
  ::sem_init(&word, 0, 0);
  std::thread outside([&] {
    std::this_thread::sleep_for(long_enough);
    ::sem_post(&word);
  });
  int result = -1;
  EXPECT_EQ(standstill([&](nursery& n) { n.start(on_fiber, [&] { result = ::sem_wait(&word); }); }),
            "");
  outside.join();
  EXPECT_EQ(result, 0);
}

TEST(standstill, is_found_when_the_last_foreign_thread_has_gone) {
  std::thread outside([] { std::this_thread::sleep_for(long_enough); });
  outside.detach();
  int ended = 0;
  EXPECT_NE(cross<std::mutex>(ended), "");
  EXPECT_EQ(ended, 2);
}

sem_t rung;

TEST(standstill, a_signal_handler_may_still_end_it) {
  ::sem_init(&rung, 0, 0);
  auto before = ::signal(SIGALRM, [](int) { ::sem_post(&rung); });
  itimerval soon{{0, 0}, {0, std::chrono::microseconds(long_enough).count()}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  int result = -1;
  EXPECT_EQ(standstill([&](nursery& n) { n.start(on_fiber, [&] { result = ::sem_wait(&rung); }); }),
            "");
  ::signal(SIGALRM, before);
  EXPECT_EQ(result, 0);
}

TEST(standstill, a_lock_with_a_limit_ends_by_it) {
  std::timed_mutex m;
  bool had_it = true;
  EXPECT_EQ(standstill([&](nursery& n) {
              n.start(on_fiber, [&] {
                std::lock_guard lock(m);
                yield().get();
                ::usleep(20'000);
              });
              n.start(on_fiber, [&] { had_it = m.try_lock_for(5ms); });
            }),
            "");
  EXPECT_FALSE(had_it);
}

}  // namespace
