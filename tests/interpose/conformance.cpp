// What a C++20 program may expect of threads, in some twenty-five parts; knows nothing of kettle.
//
//   conformance            every part; prints each, exit status 1 if one failed
//   conformance PART...    these
//
// It is run plainly and with its threads as fibers. With KETTLE_EXPECT_KERNEL_THREADS=N in the
// environment it also wants the process to consist of at most N kernel threads in the midst of it
// all.

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <set>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
#define EXPECT(what) \
  if (!(what)) throw failure(std::string(#what) + ", line " + std::to_string(__LINE__))

constexpr int many = 50;

template <class F> void on_threads(int n, F f) {
  std::vector<std::thread> all;
  for (int i = 0; i < n; i++) all.emplace_back([f, i] { f(i); });
  for (auto& t : all) t.join();
}

void threads() {
  std::vector<int> results(many);
  on_threads(many, [&](int i) { results[i] = i * i; });
  for (int i = 0; i < many; i++) EXPECT(results[i] == i * i);
  std::set<std::thread::id> ids;
  std::mutex m;
  on_threads(many, [&](int) {
    std::lock_guard lock(m);
    ids.insert(std::this_thread::get_id());
    std::this_thread::yield();
  });
  EXPECT(!ids.empty() && !ids.count(std::this_thread::get_id()));
}

void mutexes() {
  std::mutex m;
  int inside = 0, most = 0, total = 0;
  on_threads(many, [&](int) {
    for (int k = 0; k < 10; k++) {
      std::lock_guard lock(m);
      most = std::max(most, ++inside);
      std::this_thread::yield();
      total++;
      inside--;
    }
  });
  EXPECT(most == 1 && total == many * 10);
}

void timed_mutexes() {
  std::timed_mutex m;
  m.lock();
  on_threads(1, [&](int) {
    auto begin = std::chrono::steady_clock::now();
    EXPECT(!m.try_lock_for(20ms));
    EXPECT(std::chrono::steady_clock::now() - begin >= 20ms);
  });
  std::thread waiter([&] { std::lock_guard lock(m); });
  m.unlock();
  waiter.join();
}

void recursive_mutexes() {
  std::recursive_mutex m;
  std::atomic<int> inside{0}, wrong{0};
  on_threads(many, [&](int) {
    std::lock_guard a(m);
    std::lock_guard b(m);
    if (inside.fetch_add(1) != 0) wrong++;
    std::this_thread::yield();
    inside--;
  });
  EXPECT(wrong == 0);
}

void conditions() {
  std::mutex m;
  std::condition_variable changed;
  int turn = 0;
  on_threads(many, [&](int i) {
    std::unique_lock lock(m);
    changed.wait(lock, [&] { return turn == i; });
    turn++;
    changed.notify_all();
  });
  EXPECT(turn == many);
  std::unique_lock lock(m);
  EXPECT(changed.wait_for(lock, 10ms) == std::cv_status::timeout);
}

void futures() {
  std::promise<int> p;
  auto f = p.get_future();
  std::thread t([&] { p.set_value(7); });
  EXPECT(f.get() == 7);
  t.join();
  std::promise<int> failing;
  auto g = failing.get_future();
  std::thread u([&] { failing.set_exception(std::make_exception_ptr(std::out_of_range("x"))); });
  bool caught = false;
  try {
    g.get();
  } catch (const std::out_of_range&) {
    caught = true;
  }
  u.join();
  EXPECT(caught);
  std::promise<void> never;
  EXPECT(never.get_future().wait_for(5ms) == std::future_status::timeout);
}

void asyncs() {
  std::vector<std::future<int>> all;
  for (int i = 0; i < many; i++)
    all.push_back(std::async(std::launch::async, [i] {
      std::this_thread::sleep_for(5ms);
      return i;
    }));
  int sum = 0;
  for (auto& f : all) sum += f.get();
  EXPECT(sum == many * (many - 1) / 2);
}

void packaged_tasks() {
  std::packaged_task<int(int)> task([](int x) { return x + 1; });
  auto f = task.get_future();
  std::thread t(std::move(task), 41);
  EXPECT(f.get() == 42);
  t.join();
}

void semaphores() {
  std::counting_semaphore<> free(3);
  std::atomic<int> inside{0}, most{0};
  on_threads(many, [&](int) {
    free.acquire();
    int now = ++inside;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {}
    std::this_thread::sleep_for(1ms);
    inside--;
    free.release();
  });
  EXPECT(most <= 3 && most > 1);
  std::binary_semaphore closed(0);
  EXPECT(!closed.try_acquire_for(5ms));
}

void latches() {
  std::latch all(many);
  std::atomic<int> after{0};
  on_threads(many, [&](int) {
    all.arrive_and_wait();
    after++;
  });
  EXPECT(after == many);
}

void barriers() {
  int phases = 0;
  std::barrier all(10, [&]() noexcept { phases++; });
  on_threads(10, [&](int) {
    for (int k = 0; k < 5; k++) all.arrive_and_wait();
  });
  EXPECT(phases == 5);
}

void posix_barriers() {
  pthread_barrier_t b;
  EXPECT(pthread_barrier_init(&b, nullptr, 10) == 0);
  std::atomic<int> serial{0}, others{0};
  on_threads(10, [&](int) {
    for (int k = 0; k < 5; k++)
      pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD ? serial++ : others++;
  });
  EXPECT(serial == 5 && others == 45);
  EXPECT(pthread_barrier_destroy(&b) == 0);
}

void shared_mutexes() {
  std::shared_mutex m;
  int value = 0;
  std::atomic<int> readers{0}, most{0}, torn{0};
  on_threads(20, [&](int i) {
    for (int k = 0; k < 5; k++) {
      if (i % 5 == 0) {
        std::unique_lock lock(m);
        if (readers != 0) torn++;
        value++;
        std::this_thread::yield();
      } else {
        std::shared_lock lock(m);
        most = std::max(most.load(), ++readers);
        std::this_thread::sleep_for(1ms);
        readers--;
      }
    }
  });
  EXPECT(value == 20 && torn == 0 && most > 1);
}

void call_onces() {
  std::once_flag once;
  int tries = 0, calls = 0;
  on_threads(many, [&](int) {
    try {
      std::call_once(once, [&] {
        std::this_thread::sleep_for(1ms);
        if (++tries < 3) throw std::runtime_error("again");
        calls++;
      });
    } catch (const std::runtime_error&) {}
  });
  EXPECT(tries == 3 && calls == 1);
}

struct slow {
  static inline int made = 0;
  slow() {
    std::this_thread::sleep_for(5ms);
    made++;
  }
};
void static_initialisation() {
  on_threads(many, [](int) { static slow one; });
  EXPECT(slow::made == 1);
}

void exceptions() {
  std::atomic<int> wrong{0};
  on_threads(many, [&](int i) {
    try {
      throw i;
    } catch (int outer) {
      std::this_thread::sleep_for(1ms);  // others throw meanwhile
      try {
        throw;
      } catch (int again) {
        if (again != i || outer != i) wrong++;
      }
    }
    if (std::uncaught_exceptions() != 0) wrong++;
  });
  EXPECT(wrong == 0);
}

void atomic_waits() {
  std::atomic<int> turn{0};
  on_threads(20, [&](int i) {
    for (int seen; (seen = turn.load()) != i;) turn.wait(seen);
    turn++;
    turn.notify_all();
  });
  EXPECT(turn == 20);
}

void jthreads() {
  std::atomic<bool> stopped{false};
  {
    std::condition_variable_any changed;
    std::mutex m;
    std::jthread t([&](std::stop_token stop) {
      std::unique_lock lock(m);
      changed.wait(lock, stop, [] { return false; });
      stopped = stop.stop_requested();
    });
    std::this_thread::sleep_for(2ms);
  }
  EXPECT(stopped);
}

struct counted {
  int* n;
  ~counted() { ++*n; }
};
void thread_locals() {
  static thread_local std::vector<int> mine;
  static thread_local int plain = 3;
  std::atomic<int> wrong{0};
  on_threads(many, [&](int i) {
    if (!mine.empty() || plain != 3) wrong++;
    mine.push_back(i);
    plain = i;
    std::this_thread::sleep_for(1ms);
    if (mine.size() != 1 || mine[0] != i || plain != i) wrong++;
  });
  EXPECT(wrong == 0 && mine.empty());
  static int destroyed = 0;
  on_threads(many, [&](int) {
    static thread_local counted c{&destroyed};
    (void)c.n;
  });
  EXPECT(destroyed == many);
}

void keys() {
  static std::atomic<int> destroyed{0};
  pthread_key_t key;
  EXPECT(pthread_key_create(&key, [](void*) { destroyed++; }) == 0);
  std::atomic<int> wrong{0};
  on_threads(many, [&](int i) {
    if (pthread_getspecific(key)) wrong++;
    pthread_setspecific(key, reinterpret_cast<void*>(std::intptr_t(i + 1)));
    std::this_thread::yield();
    if (pthread_getspecific(key) != reinterpret_cast<void*>(std::intptr_t(i + 1))) wrong++;
  });
  EXPECT(wrong == 0 && destroyed == many);
  pthread_key_delete(key);
}

void errnos() {
  std::atomic<int> wrong{0};
  on_threads(many, [&](int i) {
    errno = i + 1;
    std::this_thread::yield();
    if (errno != i + 1) wrong++;
  });
  EXPECT(wrong == 0);
}

void exits() {
  static int unwound = 0;
  pthread_t t;
  void* result = nullptr;
  EXPECT(pthread_create(
             &t, nullptr,
             [](void*) -> void* {
               counted c{&unwound};
               pthread_exit(&unwound);
             },
             nullptr) == 0);
  EXPECT(pthread_join(t, &result) == 0 && result == &unwound && unwound == 1);
}

void cancels() {
  static int unwound = 0;
  static int pipe_ends[2];
  EXPECT(pipe(pipe_ends) == 0);
  void* (*waits[])(void*) = {
      [](void*) -> void* {
        counted c{&unwound};
        for (;;) sleep(100);
      },
      [](void*) -> void* {
        counted c{&unwound};
        char x;
        return reinterpret_cast<void*>(read(pipe_ends[0], &x, 1));
      },
  };
  int expected = 0;
  for (auto wait : waits) {
    pthread_t t;
    void* result = nullptr;
    EXPECT(pthread_create(&t, nullptr, wait, nullptr) == 0);
    std::this_thread::sleep_for(2ms);
    EXPECT(pthread_cancel(t) == 0);
    EXPECT(pthread_join(t, &result) == 0);
    EXPECT(result == PTHREAD_CANCELED && unwound == ++expected);
  }
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

void detached() {
  std::mutex m;
  std::condition_variable changed;
  int done = 0;
  for (int i = 0; i < many; i++)
    std::thread([&] {
      std::this_thread::sleep_for(1ms);
      std::lock_guard lock(m);
      done++;
      changed.notify_one();
    }).detach();
  std::unique_lock lock(m);
  changed.wait(lock, [&] { return done == many; });
}

void sockets() {
  int ends[2];
  EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  std::string sent(1 << 20, 'x'), got(sent.size(), 0);
  std::iota(sent.begin(), sent.end(), 0);
  std::thread reader(
      [&] { EXPECT(recv(ends[1], got.data(), got.size(), MSG_WAITALL) == ssize_t(got.size())); });
  EXPECT(write(ends[0], sent.data(), sent.size()) == ssize_t(sent.size()));
  reader.join();
  EXPECT(got == sent);
  close(ends[0]);
  std::thread end([&] {
    char c;
    EXPECT(read(ends[1], &c, 1) == 0);
  });
  end.join();
  close(ends[1]);
}

void pipes() {
  int ends[2];
  EXPECT(pipe(ends) == 0);
  std::string sent(1 << 20, 'y'), got;
  std::thread reader([&] {
    char part[10'000];
    for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) got.append(part, size_t(n));
  });
  EXPECT(write(ends[1], sent.data(), sent.size()) == ssize_t(sent.size()));
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT(got == sent);
}

void sleeps_overlap() {
  auto begin = std::chrono::steady_clock::now();
  on_threads(many, [](int) { std::this_thread::sleep_for(100ms); });
  EXPECT(std::chrono::steady_clock::now() - begin < 100ms * many / 2);
}

void programs() {
  EXPECT(std::system("exit 3") == 3 << 8);
  FILE* out = popen("echo hello; sleep 0.05; echo world", "r");
  EXPECT(out);
  char text[64];
  std::string all;
  while (fgets(text, sizeof text, out)) all += text;
  EXPECT(all == "hello\nworld\n");
  EXPECT(pclose(out) == 0);
  on_threads(3, [](int i) {
    pid_t child = fork();
    if (child == 0) _exit(i + 1);
    int status = 0;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == i + 1);
  });
}

void many_times() {
  for (int i = 0; i < 2000; i++) std::thread([] {}).join();
}

void one_kernel_thread() {
  const char* most = std::getenv("KETTLE_EXPECT_KERNEL_THREADS");
  if (!most) return;
  std::atomic<long> seen{0};
  on_threads(many, [&](int) {
    std::this_thread::sleep_for(1ms);
    seen = std::max<long>(
        seen, std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
  });
  EXPECT(seen <= std::atol(most));
}

struct part {
  const char* name;
  void (*run)();
};
constexpr part parts[] = {
    {"one_kernel_thread", one_kernel_thread},
    {"threads", threads},
    {"mutexes", mutexes},
    {"timed_mutexes", timed_mutexes},
    {"recursive_mutexes", recursive_mutexes},
    {"conditions", conditions},
    {"futures", futures},
    {"asyncs", asyncs},
    {"packaged_tasks", packaged_tasks},
    {"semaphores", semaphores},
    {"latches", latches},
    {"barriers", barriers},
    {"posix_barriers", posix_barriers},
    {"shared_mutexes", shared_mutexes},
    {"call_onces", call_onces},
    {"static_initialisation", static_initialisation},
    {"exceptions", exceptions},
    {"atomic_waits", atomic_waits},
    {"jthreads", jthreads},
    {"thread_locals", thread_locals},
    {"keys", keys},
    {"errnos", errnos},
    {"exits", exits},
    {"cancels", cancels},
    {"detached", detached},
    {"sockets", sockets},
    {"pipes", pipes},
    {"sleeps_overlap", sleeps_overlap},
    {"programs", programs},
    {"many_times", many_times},
};

}  // namespace

int main(int argc, char** argv) {
  int failed = 0;
  for (const part& p : parts) {
    bool wanted = argc == 1 || std::any_of(argv + 1, argv + argc, [&](const char* name) {
                    return std::strcmp(name, p.name) == 0;
                  });
    if (!wanted) continue;
    std::string wrong;
    try {
      p.run();
    } catch (const std::exception& e) {
      wrong = e.what();
      failed++;
    }
    std::printf("%-22s %s\n", p.name, wrong.empty() ? "ok" : wrong.c_str());
    std::fflush(stdout);
  }
  return failed ? 1 : 0;
}
