// Signal handlers that post a semaphore and write to a pipe, at any moment, while threads lock and
// sleep; knows nothing of kettle. Every post and every byte must arrive.

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr int signals = 300;
sem_t posted;
int ends[2];
std::atomic<int> handled{0};

void on_alarm(int) {
  int before = errno;
  if (handled.fetch_add(1) < signals) {
    sem_post(&posted);
    char c = 'x';
    if (write(ends[1], &c, 1) != 1) _exit(3);
  }
  errno = before;
}

}  // namespace

int main() {
  sem_init(&posted, 0, 0);
  if (pipe(ends) != 0) return 2;
  struct sigaction action{};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);

  int taken = 0, bytes = 0;
  std::atomic<bool> stop{false};
  std::thread taker([&] {
    while (taken < signals)
      if (sem_wait(&posted) == 0) taken++;
  });
  std::thread reader([&] {
    char data[64];
    while (bytes < signals)
      if (ssize_t n = read(ends[0], data, sizeof data); n > 0) bytes += int(n);
  });
  std::mutex m;
  std::vector<std::thread> others;
  for (int i = 0; i < 10; i++)
    others.emplace_back([&, i] {
      while (!stop) {
        {
          std::lock_guard lock(m);
          std::this_thread::yield();
        }
        if (i % 2)
          usleep(200);
        else
          std::this_thread::yield();
      }
    });
  itimerval often{{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &often, nullptr);
  taker.join();
  reader.join();
  often = {};
  setitimer(ITIMER_REAL, &often, nullptr);
  stop = true;
  for (auto& t : others) t.join();
  std::printf("%d posts, %d bytes of %d signals\n", taken, bytes, handled.load());
  return taken == signals && bytes == signals ? 0 : 1;
}
