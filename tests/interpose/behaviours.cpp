// How blocking code behaves beside other blocking code; knows nothing of kettle. The numbers are
// those of the project's list of behaviours.
//
//   behaviours            each; exit status 1 if one failed

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
#define EXPECT(what) \
  if (!(what)) throw failure(std::string(#what) + ", line " + std::to_string(__LINE__))

std::atomic<int> wrong{0};  // counted in threads, where an exception would end the process

template <class F> auto seconds_of(F f) {
  auto begin = clock_type::now();
  f();
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

template <class F> void on_threads(int n, F f) {
  std::vector<std::thread> all;
  for (int i = 0; i < n; i++) all.emplace_back([f, i] { f(i); });
  for (auto& t : all) t.join();
}

// 69. The sum would be 100 s.
void a_thousand_sleep_at_once() {
  double s = seconds_of([] { on_threads(1000, [](int) { usleep(100'000); }); });
  std::printf("  1000 x usleep(100000): %.3f s\n", s);
  EXPECT(s < 5);
}

// 72. Each of these would stop everybody if it stopped the kernel thread.
void locks_park() {
  std::mutex m;
  std::condition_variable changed;
  std::atomic<int> word{0};
  bool ready = false;
  int others = 0;
  std::unique_lock held(m);
  std::thread locker([&] { std::lock_guard lock(m); });
  std::thread sleeper([] { std::this_thread::sleep_for(20ms); });
  std::thread word_waiter([&] { word.wait(0); });
  std::thread joiner([&] { sleeper.join(); });
  held.unlock();
  std::thread condition_waiter([&] {
    std::unique_lock lock(m);
    changed.wait(lock, [&] { return ready; });
  });
  on_threads(10, [&](int) {
    std::lock_guard lock(m);
    others++;
  });
  EXPECT(others == 10);
  word = 1;
  word.notify_all();
  {
    std::lock_guard lock(m);
    ready = true;
  }
  changed.notify_all();
  locker.join();
  joiner.join();
  word_waiter.join();
  condition_waiter.join();
}

// 74. The child goes on alone, plainly; both do I/O.
void fork_keeps_only_the_caller() {
  int ends[2];
  EXPECT(pipe(ends) == 0);
  std::atomic<bool> stop{false};
  std::thread beside([&] {
    while (!stop) usleep(1000);
  });
  int status = -1;
  std::string got;
  std::thread forker([&] {
    pid_t child = fork();
    if (child == 0) {
      bool alone = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}) == 1;
      usleep(5000);
      int inner = 0;
      std::thread([&] { inner = 7; }).join();
      char text[16];
      int n = std::snprintf(text, sizeof text, "%d %d", alone, inner);
      if (write(ends[1], text, size_t(n)) != n) _exit(2);
      _exit(alone && inner == 7 ? 0 : 1);
    }
    char text[16];
    ssize_t n = read(ends[0], text, sizeof text);
    if (n > 0) got.assign(text, size_t(n));
    if (waitpid(child, &status, 0) != child) wrong++;
  });
  forker.join();
  stop = true;
  beside.join();
  close(ends[0]);
  close(ends[1]);
  EXPECT(got == "1 7");
  EXPECT(status == 0);
}

std::atomic<int> children_ended{0};

// 75. Each takes 0.2 s; one after another they would take 8 s.
void processes_are_waited_for_at_once() {
  struct sigaction action{}, before{};
  action.sa_handler = [](int) { children_ended++; };
  action.sa_flags = SA_RESTART;
  sigaction(SIGCHLD, &action, &before);
  double s = seconds_of([] {
    on_threads(40, [](int i) {
      if (i % 4 == 0) {
        if (std::system("sleep 0.2; exit 5") != 5 << 8) wrong++;
      } else if (i % 4 == 1) {
        FILE* out = popen("sleep 0.2; echo hello", "r");
        char text[16] = "";
        if (!out || !fgets(text, sizeof text, out) || std::strcmp(text, "hello\n") != 0) wrong++;
        if (pclose(out) != 0) wrong++;
      } else if (i % 4 == 2) {
        pid_t child = fork();
        if (child == 0) {
          usleep(200'000);
          _exit(4);
        }
        int status = 0;
        if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 4) wrong++;
      } else {
        char name[] = "sleep", time[] = "0.2";
        char* arguments[] = {name, time, nullptr};
        pid_t child;
        if (posix_spawnp(&child, "sleep", nullptr, nullptr, arguments, environ) != 0) wrong++;
        siginfo_t info{};
        if (waitid(P_PID, id_t(child), &info, WEXITED) != 0 || info.si_pid != child) wrong++;
      }
    });
  });
  sigaction(SIGCHLD, &before, nullptr);
  std::printf("  40 children of 0.2 s: %.3f s\n", s);
  EXPECT(s < 4);
  EXPECT(children_ended > 0);
}

void names_are_asked_at_once() {
  on_threads(20, [](int) {
    addrinfo* found = nullptr;
    if (getaddrinfo("localhost", "80", nullptr, &found) != 0) wrong++;
    if (found) freeaddrinfo(found);
  });
}

void user_flags_stay() {
  int ends[2];
  EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  std::thread reader([&] {
    char c;
    if (read(ends[0], &c, 1) != 1) wrong++;
  });
  usleep(2000);
  EXPECT((fcntl(ends[0], F_GETFL) & O_NONBLOCK) == 0);  // while somebody waits on it
  EXPECT(write(ends[1], "x", 1) == 1);
  reader.join();
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  char c;
  on_threads(1, [&](int) {
    if (read(ends[0], &c, 1) != -1 || errno != EAGAIN) wrong++;
    if (recv(ends[0], &c, 1, 0) != -1 || errno != EAGAIN) wrong++;
  });
  fcntl(ends[0], F_SETFL, 0);
  timeval limit{0, 20'000};
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  on_threads(1, [&](int) {
    if (recv(ends[0], &c, 1, 0) != -1 || errno != EAGAIN) wrong++;
  });
  close(ends[0]);
  close(ends[1]);
}

void readiness_waits() {
  int a[2], b[2];
  EXPECT(pipe(a) == 0 && pipe(b) == 0);
  std::thread poller([&] {
    pollfd fds[2] = {{a[0], POLLIN, 0}, {b[0], POLLIN, 0}};
    if (poll(fds, 2, -1) != 1 || fds[0].revents != 0 || fds[1].revents != POLLIN) wrong++;
    if (poll(fds, 1, 10) != 0) wrong++;
  });
  std::thread selector([&] {
    fd_set in;
    FD_ZERO(&in);
    FD_SET(a[0], &in);
    FD_SET(b[0], &in);
    if (select(std::max(a[0], b[0]) + 1, &in, nullptr, nullptr, nullptr) != 1) wrong++;
    if (FD_ISSET(a[0], &in) || !FD_ISSET(b[0], &in)) wrong++;
  });
  std::thread epoller([&] {
    int fd = epoll_create1(0);
    epoll_event e{EPOLLIN, {}}, got{};
    e.data.fd = 42;
    epoll_ctl(fd, EPOLL_CTL_ADD, b[0], &e);
    if (epoll_wait(fd, &got, 1, -1) != 1 || got.data.fd != 42) wrong++;
    close(fd);
  });
  usleep(2000);
  EXPECT(write(b[1], "x", 1) == 1);
  poller.join();
  selector.join();
  epoller.join();
  for (int fd : {a[0], a[1], b[0], b[1]}) close(fd);
}

// `wait` has to wait for what `hold` took until `release`, which comes only if others may run.
template <class Hold, class Wait, class Release>
void one_waits(Hold hold, Wait wait, Release release) {
  hold();
  std::atomic<bool> done{false};
  std::thread waiter([&] {
    if (wait() != 0) wrong++;
    done = true;
  });
  usleep(3000);
  if (done) wrong++;
  release();
  waiter.join();
}

void file_locks_are_waited_for() {
  char name[] = "/tmp/kettle-XXXXXX";
  int first = mkstemp(name), second = open(name, O_RDWR);
  EXPECT(first >= 0 && second >= 0 && unlink(name) == 0);
  one_waits([&] { flock(first, LOCK_EX); }, [&] { return flock(second, LOCK_EX); },
            [&] { flock(first, LOCK_UN); });

  struct flock all{}, none{};
  all.l_type = F_WRLCK;
  none.l_type = F_UNLCK;
  one_waits([&] { fcntl(first, F_OFD_SETLK, &all); },
            [&] { return fcntl(second, F_OFD_SETLKW, &all); },
            [&] { fcntl(first, F_OFD_SETLK, &none); });
  fcntl(second, F_OFD_SETLK, &none);

  // These belong to a process, so another one has to hold them.
  int from_child[2], to_child[2], child = -1;
  char c;
  auto hold = [&] {
    if (pipe(from_child) != 0 || pipe(to_child) != 0) wrong++;
    child = fork();
    if (child == 0) {
      close(to_child[1]);
      bool ok = fcntl(first, F_SETLK, &all) == 0 && write(from_child[1], "x", 1) == 1;
      _exit(ok && read(to_child[0], &c, 1) == 0 ? 0 : 1);
    }
    if (read(from_child[0], &c, 1) != 1) wrong++;
  };
  auto release = [&] {
    for (int fd : {from_child[0], from_child[1], to_child[0], to_child[1]}) close(fd);
    int status = -1;
    if (waitpid(child, &status, 0) != child || status != 0) wrong++;
  };
  one_waits(hold, [&] { return fcntl(second, F_SETLKW, &all); }, release);
  fcntl(second, F_SETLK, &none);
  one_waits(hold, [&] { return lockf(second, F_LOCK, 0); }, release);
  close(first);
  close(second);
}

void a_fifo_opens_when_its_other_end_does() {
  char folder[] = "/tmp/kettle-XXXXXX";
  EXPECT(mkdtemp(folder));
  std::string fifo = std::string(folder) + "/fifo";
  EXPECT(mkfifo(fifo.c_str(), 0600) == 0);
  for (int mine : {O_RDONLY, O_WRONLY}) {
    int ends[2] = {-1, -1};
    one_waits([] {}, [&] { return (ends[0] = open(fifo.c_str(), mine)) < 0; },
              [&] { ends[1] = open(fifo.c_str(), mine == O_RDONLY ? O_WRONLY : O_RDONLY); });
    if (ends[0] < 0 || ends[1] < 0) wrong++;
    close(ends[0]);
    close(ends[1]);
  }
  std::filesystem::remove_all(folder);
}

void sendfile_waits_for_the_reader() {
  std::string sent(2 << 20, ' '), got(sent.size() + 1, ' ');
  for (size_t i = 0; i < sent.size(); i++) sent[i] = char(i * 7 + i / 4096);
  char name[] = "/tmp/kettle-XXXXXX";
  int file = mkstemp(name), ends[2];
  EXPECT(file >= 0 && unlink(name) == 0);
  EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  EXPECT(write(file, sent.data(), sent.size()) == ssize_t(sent.size()));
  EXPECT(lseek(file, 1000, SEEK_SET) == 1000);
  off_t from = 0;
  size_t came = 0;
  auto send = [&] {
    bool right = sendfile(ends[0], file, &from, 1000) == 1000 && from == 1000 &&
                 sendfile(ends[0], file, nullptr, sent.size()) == ssize_t(sent.size()) - 1000 &&
                 lseek(file, 0, SEEK_CUR) == off_t(sent.size());
    shutdown(ends[0], SHUT_WR);
    return right ? 0 : 1;
  };
  one_waits([] {}, send,
            [&] {
              while (ssize_t n = read(ends[1], &got[came], got.size() - came)) {
                if (n < 0) break;
                came += size_t(n);
              }
            });
  got.resize(came);
  EXPECT(got == sent);
  for (int fd : {file, ends[0], ends[1]}) close(fd);
}

void blocked_signals_are_waited_for() {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  auto send = [] { kill(getpid(), SIGUSR1); };
  int number = 0;
  siginfo_t info{};
  one_waits([] {}, [&] { return sigwait(&set, &number); }, send);
  EXPECT(number == SIGUSR1);
  one_waits([] {}, [&] { return sigwaitinfo(&set, &info) != SIGUSR1; }, send);
  EXPECT(info.si_pid == getpid());
  on_threads(1, [&](int) {
    timespec soon{0, 1'000'000};
    if (sigtimedwait(&set, nullptr, &soon) != -1 || errno != EAGAIN) wrong++;
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Whoever runs meanwhile, the main thread's wait ends.
void handlers_interrupt_the_main_thread() {
  static std::atomic<int> handled{0};
  auto handler = [](int) { handled++; };
  struct sigaction action{}, before{}, now{};
  action.sa_handler = handler;
  sigaction(SIGUSR2, &action, &before);
  sigaction(SIGUSR2, nullptr, &now);
  EXPECT(now.sa_handler == action.sa_handler);
  EXPECT(signal(SIGUSR2, SIG_IGN) == action.sa_handler);
  EXPECT(signal(SIGUSR2, handler) == SIG_IGN);
  sigaction(SIGUSR2, &action, nullptr);

  // Before the wait it does not count, so it is sent until it was seen.
  auto is_interrupted = [](auto wait) {
    std::atomic<bool> seen{false};
    std::thread sender([&] {
      for (int i = 0; i < 5000 && !seen; i++) {
        kill(getpid(), SIGUSR2);
        usleep(1000);
      }
    });
    bool right = wait() == -1 && errno == EINTR;
    seen = true;
    sender.join();
    return right;
  };
  EXPECT(is_interrupted([] { return usleep(4'000'000); }));
  EXPECT(is_interrupted([] { return poll(nullptr, 0, 4000); }));
  EXPECT(is_interrupted([] { return pause(); }));

  // With SA_RESTART a read goes on.
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR2, &action, nullptr);
  int ends[2];
  EXPECT(pipe(ends) == 0);
  std::thread sender([&] {
    for (int i = 0; i < 5; i++) {
      usleep(1000);
      kill(getpid(), SIGUSR2);
    }
    usleep(1000);
    if (write(ends[1], "x", 1) != 1) wrong++;
  });
  char c;
  ssize_t got = read(ends[0], &c, 1);
  sender.join();
  EXPECT(got == 1);
  close(ends[0]);
  close(ends[1]);

  sigset_t set, none;
  sigemptyset(&none);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  int so_far = handled;
  kill(getpid(), SIGUSR2);
  EXPECT(handled == so_far);
  EXPECT(sigsuspend(&none) == -1 && errno == EINTR && handled == so_far + 1);
  kill(getpid(), SIGUSR2);
  timespec long_time{20, 0};
  EXPECT(ppoll(nullptr, 0, &long_time, &none) == -1 && errno == EINTR && handled == so_far + 2);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  sigaction(SIGUSR2, &before, nullptr);
}

// Who has waited for a request and read all of it will wait for the next one too.
struct conversation {
  int mine, theirs;
  conversation() {
    int ends[2];
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    mine = ends[0], theirs = ends[1];
  }
  ~conversation() { close(mine), close(theirs); }
  void say(const char* text) const { wrong += send(theirs, text, strlen(text), 0) < 0; }
  std::string hear(size_t most = 16) const {
    std::string got(most, ' ');
    ssize_t n = recv(mine, got.data(), most, 0);
    return n < 0 ? strerrorname_np(errno) : got.substr(0, size_t(n));
  }
  // In the thread that is to wait.
  void begin() const {
    std::thread other([this] {
      usleep(2'000);
      say("hello");
    });
    std::string got = hear();
    other.join();
    EXPECT(got == "hello");
  }
};

void a_conversation_goes_on_and_ends() {
  conversation c;
  std::counting_semaphore<> answers(0);
  std::thread other([&] {
    for (const char* text : {"one", "two", "three"}) {
      usleep(2'000);
      c.say(text);
      answers.acquire();
    }
    usleep(2'000);
    shutdown(c.theirs, SHUT_WR);
  });
  std::vector<std::string> heard;
  do {
    heard.push_back(c.hear(5));  // the last word fills it: there might be more
    answers.release();
  } while (heard.size() < 10 && !heard.back().empty());
  other.join();
  EXPECT((heard == std::vector<std::string>{"one", "two", "three", ""}));
}

void a_conversation_keeps_to_its_socket() {
  conversation c;
  c.begin();
  timeval limit{0, 5'000}, none{};
  setsockopt(c.mine, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  EXPECT(c.hear() == "EAGAIN" && c.hear() == "EAGAIN");
  setsockopt(c.mine, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  c.begin();
  fcntl(c.mine, F_SETFL, O_NONBLOCK);
  EXPECT(c.hear() == "EAGAIN");
  fcntl(c.mine, F_SETFL, 0);
  c.begin();
  EXPECT(dup2(STDOUT_FILENO, c.mine) == c.mine);  // another thing of the same number
  EXPECT(c.hear() == "ENOTSOCK");
}

void a_conversation_is_interrupted_and_cancelled() {
  struct sigaction action{}, before;
  action.sa_handler = [](int) {};
  sigaction(SIGUSR2, &action, &before);
  conversation c;
  c.begin();
  pthread_t main = pthread_self();
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) {
      usleep(1'000);
      pthread_kill(main, SIGUSR2);
    }
  });
  std::string got = c.hear();
  over = true;
  other.join();
  sigaction(SIGUSR2, &before, nullptr);
  EXPECT(got == "EINTR");
  c.begin();
  std::atomic<bool> waits{false};
  std::thread listener([&] {
    c.begin();
    waits = true;
    c.hear();
    wrong++;
  });
  while (!waits) usleep(1'000);
  usleep(2'000);
  pthread_cancel(listener.native_handle());
  listener.join();
  c.begin();  // nothing that comes now is taken by who has gone
}

void local_destructors_run() {
  static std::atomic<int> destroyed{0};
  struct counted {
    ~counted() { destroyed++; }
  };
  on_threads(100, [](int i) {
    counted c;
    if (i % 2) pthread_exit(nullptr);
  });
  EXPECT(destroyed == 100);
}

struct one {
  const char* name;
  void (*run)();
};
constexpr one all[] = {
    {"69 a_thousand_sleep_at_once", a_thousand_sleep_at_once},
    {"72 locks_park", locks_park},
    {"74 fork_keeps_only_the_caller", fork_keeps_only_the_caller},
    {"75 processes_are_waited_for_at_once", processes_are_waited_for_at_once},
    {"77 local_destructors_run", local_destructors_run},
    {"names_are_asked_at_once", names_are_asked_at_once},
    {"user_flags_stay", user_flags_stay},
    {"readiness_waits", readiness_waits},
    {"a_conversation_goes_on_and_ends", a_conversation_goes_on_and_ends},
    {"a_conversation_keeps_to_its_socket", a_conversation_keeps_to_its_socket},
    {"a_conversation_is_interrupted", a_conversation_is_interrupted_and_cancelled},
    {"file_locks_are_waited_for", file_locks_are_waited_for},
    {"a_fifo_opens_when_its_other_end_does", a_fifo_opens_when_its_other_end_does},
    {"sendfile_waits_for_the_reader", sendfile_waits_for_the_reader},
    {"blocked_signals_are_waited_for", blocked_signals_are_waited_for},
    {"handlers_interrupt_the_main_thread", handlers_interrupt_the_main_thread},
};

}  // namespace

int main() {
  int failed = 0;
  for (const one& b : all) {
    std::string what;
    wrong = 0;
    try {
      b.run();
      if (wrong) what = std::to_string(wrong) + " wrong";
    } catch (const std::exception& e) {
      what = e.what();
    }
    failed += !what.empty();
    std::printf("%-36s %s\n", b.name, what.empty() ? "ok" : what.c_str());
    std::fflush(stdout);
  }
  return failed ? 1 : 0;
}
