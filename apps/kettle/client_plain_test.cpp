#include "client_plain.hpp"

#include "client.hpp"
#include "work.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <chrono>
#include <stdexcept>
#include <thread>

using namespace kettle::app;

namespace {

// Listens on loopback; what it does with its one peer is the test's.
class one_peer {
 public:
  explicit one_peer(auto serve) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(fd_, 1);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
    thread_ = std::thread([this, serve] {
      int peer = ::accept(fd_, nullptr, nullptr);
      serve(peer);
      ::close(peer);
    });
  }
  ~one_peer() {
    thread_.join();
    ::close(fd_);
  }
  const std::string& url() const { return url_; }

 private:
  int fd_;
  std::string url_;
  std::thread thread_;
};

void say(int peer, std::string_view text) { ::send(peer, text.data(), text.size(), MSG_NOSIGNAL); }

void wait_for_the_end(int peer) {
  char c;
  while (::recv(peer, &c, 1, 0) > 0) {}
}

job fetching(const std::string& url, double timeout_s = 10) {
  job j;
  j.work = work_kind::fetch;
  j.timeout_s = timeout_s;
  j.item = url;
  return j;
}

job executing(const std::string& script, double timeout_s = 10) {
  job j;
  j.work = work_kind::execute;
  j.timeout_s = timeout_s;
  j.script = script;
  j.item = "x";
  return j;
}

std::string complaint(const job& j) {
  try {
    return "it answered " + do_job(j);
  } catch (const std::runtime_error& wrong) {
    return wrong.what();
  }
}

}  // namespace

TEST(client_plain, fetches_a_page_that_comes_in_pieces) {
  one_peer peer([](int fd) {
    say(fd, "HTTP/1.1 200 OK\r\nContent-");
    say(fd, "Length: 5\r\n\r\nhel");
    say(fd, "lo");
    wait_for_the_end(fd);
  });
  EXPECT_EQ(do_job(fetching(peer.url())), sha256("hello"));
}

TEST(client_plain, gives_a_silent_server_up_at_its_limit) {
  one_peer peer(wait_for_the_end);
  EXPECT_EQ(complaint(fetching(peer.url(), 0.05)), "no answer within 0.05 s");
}

TEST(client_plain, a_reply_in_drops_does_not_get_the_limit_for_each_drop) {
  one_peer peer([](int fd) {
    say(fd, "HTTP/1.1 200 OK\r\n");
    // Until the client goes; each drop comes well within the limit.
    while (::send(fd, "A: b\r\n", 6, MSG_NOSIGNAL) == 6)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  EXPECT_EQ(complaint(fetching(peer.url(), 0.2)), "no answer within 0.2 s");
}

TEST(client_plain, names_what_went_wrong) {
  EXPECT_EQ(complaint(fetching("http://127.0.0.1:1/")), "connect: Connection refused");
  EXPECT_NE(complaint(fetching("http://no-such-host.invalid/")).find("no-such-host.invalid"),
            std::string::npos);
  one_peer gone([](int fd) {
    char c;
    ::recv(fd, &c, 1, 0);
  });
  EXPECT_NE(complaint(fetching(gone.url())).find("it answered"), 0u);
}

TEST(client_plain, runs_a_program_and_says_how_it_failed) {
  EXPECT_EQ(do_job(executing("test \"$1\" = x")), "done");
  EXPECT_EQ(complaint(executing("exit 3")), "exit status 3");
  EXPECT_EQ(complaint(executing("kill -9 $$")), "killed by signal 9 (Killed)");
  EXPECT_GE(running_program::most_at_once(), 1);
}

TEST(client_plain, ends_a_program_at_its_limit_with_its_whole_group) {
  EXPECT_EQ(complaint(executing("sleep 600 & sleep 600", 0.1)), "not done within 0.1 s");
}

TEST(client_plain, every_item_of_a_cell_becomes_a_job) {
  cell c;
  c.work = work_kind::fetch_and_compute;
  c.timeout_s = 3;
  c.passes = 7;
  c.items = {"a", "b"};
  auto all = jobs_of(c);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].item, "b");
  EXPECT_EQ(all[1].passes, 7u);
  EXPECT_EQ(all[1].work, work_kind::fetch_and_compute);
  EXPECT_DOUBLE_EQ(all[1].timeout_s, 3);
  c = {};
  c.items = {"fib 20"};
  EXPECT_EQ(do_job(jobs_of(c)[0]), "6765");
}

TEST(client_plain, its_lines_are_counted) {
  EXPECT_GT(lines_of_plain_client(work_kind::fetch), 30);
  EXPECT_EQ(lines_of_plain_client(work_kind::fetch_and_compute),
            lines_of_plain_client(work_kind::fetch) + 1);
  EXPECT_GT(lines_of_plain_client(work_kind::execute), 10);
  EXPECT_EQ(lines_of_plain_client(work_kind::compute), 1);
}
