#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Written as C would be: no word of kettle, and nothing it could be unwound through.
extern "C" {
static long c_library_reads(int fd, int* error, bool* went_on) {
  char data[16];
  long n = recv(fd, data, sizeof data, 0);
  *error = errno;
  *went_on = true;
  return n;
}
}

namespace {

using namespace kettle;
using namespace std::chrono_literals;

struct socket_pair {
  int ends[2];
  socket_pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0); }
  ~socket_pair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(green_loop, plain_sleeps_in_fibers_overlap) {
  auto begin = std::chrono::steady_clock::now();
  run([](nursery& n) {
    for (int i = 0; i < 100; i++)
      n.start(on_fiber, [] {
        ::usleep(50'000);
        std::this_thread::sleep_for(50ms);
      });
  });
  EXPECT_LT(seconds_since(begin), 5);  // one after another: 10
}

TEST(green_loop, a_read_parks_its_fiber_and_not_the_loop) {
  socket_pair s;
  std::string got;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      char data[16];
      ssize_t size = ::read(s.ends[0], data, sizeof data);
      if (size > 0) got.assign(data, std::size_t(size));
    });
    n.start(on_fiber, [&] { EXPECT_EQ(::write(s.ends[1], "hello", 5), 5); });
  });
  EXPECT_EQ(got, "hello");
}

TEST(green_loop, a_cancelled_read_returns_ecanceled_through_c_code) {
  socket_pair s;
  int error = 0;
  bool went_on = false;
  long result = 0;
  run([&]() -> task<> {
    co_await with_nursery([&](nursery& inner) -> task<> {
      inner.start(on_fiber, [&] { result = c_library_reads(s.ends[0], &error, &went_on); });
      co_await sleep_for(5ms);
      inner.cancel();
    });
  });
  EXPECT_TRUE(went_on);
  EXPECT_EQ(result, -1);
  EXPECT_EQ(error, ECANCELED);
}

TEST(green_loop, a_deadline_returns_etimedout_from_each_call) {
  socket_pair s;
  std::vector<int> errors;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      auto ended = [&](auto call) {
        move_on_after(5ms, [&] {
          errno = 0;
          EXPECT_EQ(call(), -1);
          errors.push_back(errno);
        }).get();
      };
      char c;
      pollfd p{s.ends[0], POLLIN, 0};
      ended([&] { return ::read(s.ends[0], &c, 1); });
      ended([&] { return ::recv(s.ends[0], &c, 1, 0); });
      ended([&] { return ::poll(&p, 1, -1); });
      ended([&] { return ::usleep(999'999); });
      ended([&] {
        fd_set in;
        FD_ZERO(&in);
        FD_SET(s.ends[0], &in);
        FD_SET(s.ends[1], &in);
        return ::select(std::max(s.ends[0], s.ends[1]) + 1, &in, nullptr, nullptr, nullptr);
      });
    });
  });
  EXPECT_EQ(errors, std::vector<int>(5, ETIMEDOUT));
}

// Behaviour 1: level-triggered, and a loop that swallows it starves nobody.
TEST(green_loop, every_call_in_a_cancelled_scope_returns_ecanceled) {
  int ended = 0, turns = 0;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      cancel_scope scope;
      in_scope(scope, [&] {
        scope.cancel();
        for (int i = 0; i < 3; i++) ended += ::usleep(1'000'000) == -1 && errno == ECANCELED;
      }).get();
      EXPECT_FALSE(scope.caught());  // nothing was thrown
    });
    n.start(on_fiber, [&] {
      while (ended < 3) {
        turns++;
        yield().get();
      }
    });
  });
  EXPECT_EQ(ended, 3);
  EXPECT_GT(turns, 0);
}

// Behaviour 5.
TEST(green_loop, the_outer_deadline_ends_the_call_and_expires) {
  run([](nursery& n) {
    n.start(on_fiber, [] {
      bool inner = true;
      bool outer = move_on_after(5ms, [&] {
                     inner = move_on_after(10s, [] {
                               EXPECT_EQ(::usleep(20'000'000), -1);
                               EXPECT_EQ(errno, ETIMEDOUT);
                               sleep_forever().get();  // and kettle's own wait throws
                             }).get();
                   }).get();
      EXPECT_FALSE(outer);
      EXPECT_TRUE(inner);
    });
  });
}

// Behaviours 14, 15 and 17.
TEST(green_loop, a_failed_child_cancels_its_siblings_libc_calls) {
  int error = 0;
  bool ended = false;
  try {
    run([&](nursery& n) {
      n.start(on_fiber, [&] {
        ::usleep(60'000'000);
        error = errno;
        ended = true;
      });
      n.start(on_fiber, [] {
        ::usleep(1'000);
        throw std::runtime_error("wrong");
      });
    });
    ADD_FAILURE() << "the error was lost";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "wrong");
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(error, ECANCELED);
}

// A file of which only the first page is in memory.
struct cold_file {
  static constexpr long page = 4096, pages = 64;
  std::string content = std::string(page * pages, 'x');
  int fd;

  cold_file() {
    char name[] = "cold-XXXXXX";  // in the build tree: /tmp may have no disk
    fd = ::mkstemp(name);
    ::unlink(name);
    for (long i = 0; i < pages; i++) content[std::size_t(i * page)] = char('a' + i % 26);
    EXPECT_EQ(::write(fd, content.data(), content.size()), page * pages);
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);  // nothing is read ahead
    char c;
    EXPECT_EQ(::pread(fd, &c, 1, 0), 1);
    ::lseek(fd, 0, SEEK_SET);
  }
  ~cold_file() { ::close(fd); }
  bool is_cold() const {
    unsigned char in_memory[pages] = {};
    void* p = ::mmap(nullptr, content.size(), PROT_READ, MAP_SHARED, fd, 0);
    ::mincore(p, content.size(), in_memory);
    ::munmap(p, content.size());
    return !(in_memory[pages - 1] & 1);
  }
};

auto kernel_threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

TEST(green_loop, a_file_comes_whole_from_its_disk_by_a_real_thread) {
  using call = ssize_t(int, void*, std::size_t);
  // Once in a while the disk is faster than we are: then nobody else was asked.
  for (int i = 0; i == 0 || (i < 10 && kernel_threads() == 1); i++) {
    for (call* read : {+[](int fd, void* p, std::size_t n) { return ::pread(fd, p, n, 0); },
                       +[](int fd, void* p, std::size_t n) { return ::read(fd, p, n); }}) {
      cold_file file;
      if (!file.is_cold()) GTEST_SKIP() << "the kernel keeps in memory what it is told to forget";
      std::string got(file.content.size(), ' ');
      run([&](nursery& n) {
        n.start(on_fiber,
                [&] { EXPECT_EQ(read(file.fd, got.data(), got.size()), ssize_t(got.size())); });
      });
      EXPECT_TRUE(got == file.content);
    }
  }
  EXPECT_GT(kernel_threads(), 1);
}

TEST(green_loop, a_file_is_written_to_its_disk_by_a_real_thread) {
  cold_file file;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      EXPECT_EQ(::fsync(file.fd), 0);
      EXPECT_EQ(::fdatasync(file.fd), 0);
    });
  });
  EXPECT_GT(kernel_threads(), 1);
}

TEST(green_loop, a_blocked_signal_is_waited_for) {
  sigset_t set, before;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  int number = 0;
  run([&](nursery& n) {
    n.start(on_fiber, [&] { EXPECT_EQ(::sigwait(&set, &number), 0); });
    n.start(on_fiber, [] { ::kill(::getpid(), SIGUSR1); });
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(number, SIGUSR1);
}

TEST(green_loop, a_wait_for_a_file_s_lock_obeys_its_scope) {
  char name[] = "/tmp/kettle-XXXXXX";
  int first = ::mkstemp(name), second = ::open(name, O_RDWR);
  ::unlink(name);
  EXPECT_EQ(::flock(first, LOCK_EX), 0);
  int result = 0, error = 0;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      move_on_after(5ms, [&] {
        result = ::flock(second, LOCK_EX);
        error = errno;
      }).get();
    });
  });
  EXPECT_EQ(result, -1);
  EXPECT_EQ(error, ETIMEDOUT);
  ::close(first);
  ::close(second);
}

TEST(green_loop, a_calls_own_limit_is_its_own) {
  socket_pair s;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      pollfd p{s.ends[0], POLLIN, 0};
      EXPECT_EQ(::poll(&p, 1, 5), 0);
      timeval limit{0, 5'000};
      ::setsockopt(s.ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      char c;
      EXPECT_EQ(::recv(s.ends[0], &c, 1, 0), -1);
      EXPECT_EQ(errno, EAGAIN);
    });
  });
}

TEST(green_loop, bytes_already_written_are_returned_first) {
  socket_pair s;
  std::vector<char> much(4 << 20);
  ssize_t written = 0;
  run([&](nursery& n) {
    n.start(on_fiber, [&] {
      move_on_after(10ms, [&] { written = ::write(s.ends[0], much.data(), much.size()); }).get();
    });
  });
  EXPECT_GT(written, 0);
  EXPECT_LT(written, ssize_t(much.size()));
}

TEST(green_loop, a_mutex_held_by_a_parked_fiber_parks_the_next) {
  std::mutex m;
  int inside = 0, most = 0, total = 0;
  run([&](nursery& n) {
    for (int i = 0; i < 20; i++)
      n.start(on_fiber, [&] {
        std::lock_guard lock(m);
        most = std::max(most, ++inside);
        ::usleep(500);
        total++;
        inside--;
      });
  });
  EXPECT_EQ(most, 1);
  EXPECT_EQ(total, 20);
}

TEST(green_loop, a_lock_is_not_cancellable) {
  std::mutex m;
  bool had_it = false;
  run([&](nursery& n) -> task<> {
    event held;
    n.start(on_fiber, [&] {
      std::lock_guard lock(m);
      held.set();
      ::usleep(20'000);
    });
    co_await held.wait();
    co_await with_nursery([&](nursery& inner) -> task<> {
      inner.start(on_fiber, [&] {
        std::lock_guard lock(m);
        had_it = true;
      });
      co_await sleep_for(2ms);
      inner.cancel();
    });
  });
  EXPECT_TRUE(had_it);
}

TEST(green_loop, conditions_and_atomics_wait_beside_threads) {
  std::mutex m;
  std::condition_variable changed;
  bool ready = false;
  std::atomic<int> word{0};
  int woken = 0;
  std::thread outside([&] {
    std::this_thread::sleep_for(10ms);
    {
      std::lock_guard lock(m);
      ready = true;
    }
    changed.notify_all();
    word = 1;
    word.notify_all();
  });
  run([&](nursery& n) {
    for (int i = 0; i < 5; i++) {
      n.start(on_fiber, [&] {
        std::unique_lock lock(m);
        changed.wait(lock, [&] { return ready; });
        woken++;
      });
      n.start(on_fiber, [&] {
        word.wait(0);
        woken++;
      });
    }
  });
  outside.join();
  EXPECT_EQ(woken, 10);
}

TEST(green_loop, fibers_and_threads_meet_at_a_barrier) {
  pthread_barrier_t barrier;
  ::pthread_barrier_init(&barrier, nullptr, 4);
  constexpr int rounds = 50;
  std::atomic<int> arrived{0}, early{0}, last{0};
  auto meet = [&] {
    for (int i = 1; i <= rounds; i++) {
      arrived++;
      last += ::pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
      early += arrived < 4 * i;
    }
  };
  std::thread outside(meet);
  run([&](nursery& n) {
    for (int i = 0; i < 3; i++) n.start(on_fiber, meet);
  });
  EXPECT_EQ(::pthread_barrier_destroy(&barrier), 0);
  outside.join();
  EXPECT_EQ(early, 0);
  EXPECT_EQ(last, rounds);
}

TEST(green_loop, a_join_and_a_call_once_park_their_fiber) {
  std::once_flag once;
  int calls = 0, joined = 0;
  run([&](nursery& n) {
    std::thread slow([] { std::this_thread::sleep_for(20ms); });
    n.start(on_fiber, [&, t = std::move(slow)]() mutable {
      t.join();
      joined++;
    });
    for (int i = 0; i < 5; i++)
      n.start(on_fiber, [&] {
        std::call_once(once, [&] {
          ::usleep(2'000);
          calls++;
        });
        EXPECT_EQ(calls, 1);
      });
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(joined, 1);
}

TEST(green_loop, children_and_names_are_waited_for_at_once) {
  auto begin = std::chrono::steady_clock::now();
  std::atomic<int> wrong{0};
  run([&](nursery& n) {
    for (int i = 0; i < 10; i++) {
      n.start(on_fiber, [&] { wrong += std::system("sleep 0.2; exit 3") != 3 << 8; });
      n.start(on_fiber, [&] {
        addrinfo* found = nullptr;
        wrong += ::getaddrinfo("localhost", "80", nullptr, &found) != 0;
        if (found) ::freeaddrinfo(found);
      });
      n.start(on_fiber, [&] {
        pid_t child = ::fork();
        if (child == 0) {
          ::usleep(200'000);
          ::_exit(4);
        }
        int status = 0;
        wrong += ::waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 4;
      });
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_LT(seconds_since(begin), 2);
}

TEST(green_loop, a_coroutine_that_blocks_is_reported) {
  socket_pair s;
  testing::internal::CaptureStderr();
  auto blocks = [&]() -> task<> {
    std::thread writer([&] {
      std::this_thread::sleep_for(5ms);
      EXPECT_EQ(::send(s.ends[1], "x", 1, 0), 1);
    });
    char c = 0;
    EXPECT_EQ(::recv(s.ends[0], &c, 1, 0), 1);
    EXPECT_EQ(c, 'x');
    writer.join();
    co_return;
  };
  run([&](nursery& n) { n.start(blocks); });
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a coroutine blocks in recv"),
            std::string::npos);
}

}  // namespace
