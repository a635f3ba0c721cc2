// 73. Two threads that wait for each other's mutex, and a main thread that waits for both: what is
// said of them is the test. It ends itself by a signal, which ends no wait.

#include <cstdlib>
#include <mutex>
#include <thread>

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

int main() {
  signal(SIGALRM, [](int) { _exit(0); });
  itimerval soon{{0, 0}, {0, 300'000}};
  setitimer(ITIMER_REAL, &soon, nullptr);
  std::mutex a, b;
  int inside = 0;
  auto cross = [&](std::mutex& first, std::mutex& second, const char* name) {
    pthread_setname_np(pthread_self(), name);
    std::lock_guard one(first);
    inside++;
    while (inside < 2) std::this_thread::yield();
    std::lock_guard two(second);
  };
  std::thread left([&] { cross(a, b, "left"); });
  std::thread right([&] { cross(b, a, "right"); });
  left.join();
  right.join();
}
