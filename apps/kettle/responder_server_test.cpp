#include "responder.hpp"

#include "http_reply.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <thread>
#include <vector>

using namespace kettle::app;

namespace {

// The server in a thread of this process, so that sanitizers see it.
class served {
 public:
  explicit served(int delay_ms) {
    std::array<int, 2> life{}, port{};
    if (::pipe(life.data()) != 0 || ::pipe(port.data()) != 0) return;
    lifeline_ = life[1];
    thread_ = std::thread([this, delay_ms, in = life[0], out = port[1]] {
      status_ = serve_pages(delay_ms, in, out);
      ::close(in);
    });
    std::string line;
    for (char c; ::read(port[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(port[0]), ::close(port[1]);
    port_ = static_cast<std::uint16_t>(std::stoi(line));
  }
  ~served() { stop(); }

  int stop() {
    if (lifeline_ >= 0) ::close(lifeline_);
    lifeline_ = -1;
    if (thread_.joinable()) thread_.join();
    return status_;
  }

  int connect() const {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port_);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0) return fd;
    ::close(fd);
    return -1;
  }

 private:
  std::uint16_t port_ = 0;
  int lifeline_ = -1;
  std::thread thread_;
  int status_ = -1;
};

void ask(int fd, std::string_view text) { (void)!::write(fd, text.data(), text.size()); }

http_reply answer(int fd) {
  http_reply reply;
  std::array<char, 4096> buffer{};
  while (!reply.done()) {
    ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0)
      reply.feed({buffer.data(), static_cast<std::size_t>(n)});
    else
      reply.end();
  }
  return reply;
}

}  // namespace

TEST(responder_server, serves_pages_over_one_connection_and_not_before_the_delay) {
  served pages(30);
  int fd = pages.connect();
  ASSERT_GE(fd, 0);
  auto start = std::chrono::steady_clock::now();
  ask(fd, "GET /page/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /page/2 HT");
  EXPECT_EQ(answer(fd).body(), page_text(1));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(30));
  ask(fd, "TP/1.1\r\n\r\n");
  EXPECT_EQ(answer(fd).body(), page_text(2));
  ::close(fd);
}

TEST(responder_server, waits_overlap) {
  served pages(50);
  std::vector<int> peers;
  for (int i = 0; i < 50; i++) peers.push_back(pages.connect());
  auto start = std::chrono::steady_clock::now();
  for (int fd : peers) ask(fd, "GET /page/1 HTTP/1.1\r\n\r\n");
  for (int fd : peers) EXPECT_EQ(answer(fd).status(), 200);
  // One after the other they would take 2.5 s.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(2000));
  for (int fd : peers) ::close(fd);
}

TEST(responder_server, survives_peers_that_leave_or_talk_nonsense) {
  served pages(0);
  for (int i = 0; i < 20; i++) {
    int fd = pages.connect();
    ask(fd, "GET /page/1 HTTP/1.1\r\n\r\n");
    ::close(fd);
  }
  int chatter = pages.connect();
  ask(chatter, std::string(20'000, 'x'));
  std::array<char, 16> buffer{};
  EXPECT_LE(::read(chatter, buffer.data(), buffer.size()), 0);
  ::close(chatter);
  int fd = pages.connect();
  ask(fd, "GET /page/3 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer(fd).body(), page_text(3));
  ::close(fd);
}

TEST(responder_server, ends_when_its_lifeline_is_cut) {
  served pages(1000);
  int fd = pages.connect();
  ask(fd, "GET /page/1 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(pages.stop(), 0);
  ::close(fd);
}
