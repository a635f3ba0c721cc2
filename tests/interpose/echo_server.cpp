// A server with a thread for each connection, and a client of many connections in a process of its
// own; knows nothing of kettle.
//
//   echo_server 1000 5         connections, rounds of 64 bytes on each
//
// All connections are open at once before the first byte is sent. Prints requests a second and how
// many kernel threads the server had meanwhile; KETTLE_EXPECT_KERNEL_THREADS=N is a limit for that.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t message = 64;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

int listen_somewhere(sockaddr_in& at) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  at = {};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) < 0) fail("bind");
  if (listen(fd, 4096) < 0) fail("listen");
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return fd;
}

bool receive_all(int fd, char* data) {
  return recv(fd, data, message, MSG_WAITALL) == ssize_t(message);
}

void talk(const sockaddr_in& at, int connections, int rounds) {
  std::vector<int> peers;
  for (int i = 0; i < connections; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) < 0)
      fail("connect");
    peers.push_back(fd);
  }
  for (int round = 0; round < rounds; round++) {
    char sent[message], got[message];
    for (int i = 0; i < connections; i++) {
      std::snprintf(sent, sizeof sent, "%d of %d", round, i);
      if (write(peers[i], sent, message) != ssize_t(message)) fail("client write");
    }
    for (int i = 0; i < connections; i++) {
      std::snprintf(sent, sizeof sent, "%d of %d", round, i);
      if (!receive_all(peers[i], got)) fail("client read");
      if (std::strcmp(sent, got) != 0) {
        std::fprintf(stderr, "connection %d got '%s' for '%s'\n", i, got, sent);
        std::_Exit(1);
      }
    }
  }
  for (int fd : peers) close(fd);
}

void serve(int fd) {
  char data[message];
  while (receive_all(fd, data))
    if (write(fd, data, message) != ssize_t(message)) fail("server write");
  close(fd);
}

long kernel_threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

}  // namespace

int main(int argc, char** argv) {
  int connections = argc > 1 ? std::atoi(argv[1]) : 1000;
  int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  sockaddr_in at;
  int listener = listen_somewhere(at);
  pid_t client = fork();
  if (client == 0) {
    close(listener);
    talk(at, connections, rounds);
    std::_Exit(0);
  }
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; i++) {
    int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) fail("accept");
    threads.emplace_back(serve, fd);
  }
  long kernel = kernel_threads();
  for (auto& t : threads) t.join();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  int status = 0;
  if (waitpid(client, &status, 0) != client || status != 0) {
    std::fprintf(stderr, "the client failed: %d\n", status);
    return 1;
  }
  std::printf("%d connections, %.0f requests/s, %ld kernel threads\n", connections,
              connections * rounds / seconds, kernel);
  const char* most = std::getenv("KETTLE_EXPECT_KERNEL_THREADS");
  if (most && kernel > std::atol(most)) {
    std::fprintf(stderr, "%ld kernel threads, at most %s wanted\n", kernel, most);
    return 1;
  }
  return 0;
}
