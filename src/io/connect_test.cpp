#include <kettle/io/connect.hpp>

#include "io/io_rig.hpp"

#include <kettle/io/dns.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace kettle {
namespace {

class connecting : public every_backend {};
ON_EVERY_BACKEND(connecting);

TEST_P(connecting, to_nobody_is_refused_with_the_address) {
  in_run([]() -> task<> {
    address nobody;
    {
      listener door = co_await listen("tcp:127.0.0.1:0");
      nobody = door.where();
    }
    auto o = co_await as_outcome(connect_to(nobody));
    EXPECT_EQ(o.what(), "connect " + nobody.text() + ": Connection refused");
    EXPECT_TRUE(o.error_as<io_error>());
  });
}

TEST_P(connecting, the_next_address_is_tried_at_once_when_one_fails) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    std::vector<address> candidates = {*address::ip("127.0.0.1", 1), *address::ip("127.0.0.1", 2),
                                       door.where()};
    auto began = clock::now();
    stream s = co_await connect(candidates);
    EXPECT_EQ(s.peer().text(), door.where().text());
    EXPECT_LT(clock::now() - began, 200ms);
  });
}

TEST_P(connecting, when_all_fail_every_error_is_told) {
  in_run([]() -> task<> {
    std::vector<address> candidates = {*address::ip("127.0.0.1", 1), *address::ip("127.0.0.1", 2)};
    auto o = co_await as_outcome(connect(candidates));
    EXPECT_TRUE(o.error_as<error_group>());
    EXPECT_EQ(o.what(),
              "2 errors: connect 127.0.0.1:1: Connection refused; connect 127.0.0.1:2: Connection "
              "refused");
  });
}

TEST_P(connecting, by_name_and_by_text) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    std::string port = std::to_string(door.port());
    for (const std::string& where :
         {"tcp:" + port, "tcp:localhost:" + port, "tcp:127.0.0.1:" + port})
      EXPECT_TRUE((co_await connect(where)).is_open()) << where;
    EXPECT_TRUE((co_await connect("localhost", door.port())).is_open());
    auto o = co_await as_outcome(connect("nonsense"));
    EXPECT_TRUE(o.error_as<usage_error>());
  });
}

class slow_networks : public every_backend {};
ON_REAL_BACKENDS(slow_networks);

// A listener whose queue is full does not answer: the kernel drops what comes.
class silent_listener {
 public:
  silent_listener() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address any = *address::ip("127.0.0.1", 0);
    EXPECT_EQ(::bind(fd_, static_cast<const sockaddr*>(any.data()), any.size()), 0);
    EXPECT_EQ(::listen(fd_, 0), 0);
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&raw), &size);
    where = address::from(&raw, size);
    for (int& f : fillers_) {
      f = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)!::connect(f, static_cast<const sockaddr*>(where.data()), where.size());
    }
  }
  ~silent_listener() {
    for (int f : fillers_) ::close(f);
    ::close(fd_);
  }
  address where;

 private:
  int fd_;
  int fillers_[4];
};

TEST_P(slow_networks, a_silent_address_holds_up_the_next_for_250_ms_only) {
  in_run([]() -> task<> {
    silent_listener silent;
    listener door = co_await listen("tcp:127.0.0.1:0");
    std::vector<address> candidates = {silent.where, door.where()};
    int before = open_descriptors();
    auto began = clock::now();
    stream s = co_await connect(candidates);
    EXPECT_EQ(s.peer().text(), door.where().text());
    EXPECT_GE(clock::now() - began, 250ms);
    EXPECT_LT(clock::now() - began, 1s);
    stream accepted = co_await door.accept();
    EXPECT_EQ(open_descriptors(), before + 2);  // the loser is closed
  });
}

TEST_P(slow_networks, a_cancelled_connect_leaves_nothing_open) {
  in_run([]() -> task<> {
    silent_listener silent;
    int before = open_descriptors();
    for (int i = 0; i < 5; i++) EXPECT_FALSE(co_await move_on_after(5ms, connect_to(silent.where)));
    EXPECT_EQ(open_descriptors(), before);
  });
}

}  // namespace
}  // namespace kettle
