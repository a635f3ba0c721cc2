#include <kettle/io/listener.hpp>

#include "io/io_rig.hpp"

#include <atomic>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kettle {
namespace {

class listeners : public every_backend {};
ON_EVERY_BACKEND(listeners);

TEST_P(listeners, say_where_they_are) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    EXPECT_NE(door.port(), 0);
    EXPECT_EQ(door.where().text(), "127.0.0.1:" + std::to_string(door.port()));
    listener all = co_await listen("tcp:0");
    EXPECT_NE(all.port(), 0);
    stream s = co_await connect("tcp:localhost:" + std::to_string(all.port()));
    EXPECT_TRUE(s.is_open());
  });
}

TEST_P(listeners, take_peers_in_order) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    auto serve = [&]() -> task<> {
      for (int i = 0; i < 3; i++) {
        stream peer = co_await door.accept();
        EXPECT_EQ(*co_await peer.read_line(), std::to_string(i));
        co_await peer.write("ok\n");
      }
    };
    auto call = [&]() -> task<> {
      for (int i = 0; i < 3; i++) {
        stream s = co_await connect_to(door.where());
        co_await s.write(std::to_string(i) + "\n");
        EXPECT_EQ(*co_await s.read_line(), "ok");
      }
    };
    co_await all(serve, call);
  });
}

TEST_P(listeners, an_address_in_use_is_told_with_its_name) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    std::string where = "tcp:" + door.where().text();
    auto o = co_await as_outcome(listen(where));
    EXPECT_EQ(o.what(), "listen " + where + ": Address already in use");
    door.close();
    EXPECT_TRUE((co_await listen(where)).is_open());
  });
}

TEST_P(listeners, closing_ends_who_waits) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    auto wait = [&]() -> task<> {
      auto o = co_await as_outcome(door.accept());
      EXPECT_TRUE(o.error_as<closed_resource>()) << o.what();
    };
    auto close = [&]() -> task<> {
      co_await yield();
      auto second = co_await as_outcome(door.accept());
      EXPECT_TRUE(second.error_as<busy_resource>()) << second.what();
      door.close();
    };
    co_await all(wait, close);
  });
}

TEST_P(listeners, a_cancelled_accept_has_taken_nobody) {
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    for (int i = 0; i < 20; i++) EXPECT_FALSE(co_await move_on_after(1ms, door.accept()));
    auto [client, server] = co_await all(connect_to(door.where()), door.accept());
    EXPECT_TRUE(server.is_open());
  });
}

TEST_P(listeners, unix_sockets_are_the_same) {
  std::string path = "/tmp/kettle-test-" + std::to_string(::getpid()) + GetParam();
  in_run([&]() -> task<> {
    ::unlink(path.c_str());
    listener door = co_await listen("unix:" + path);
    auto [client, server] = co_await all(connect("unix:" + path), door.accept());
    co_await client.write("x");
    EXPECT_EQ(co_await server.read_some(), "x");
  });
  ::unlink(path.c_str());
}

class kernel_listeners : public every_backend {};
ON_REAL_BACKENDS(kernel_listeners);

std::atomic<int> complaints{0};

TEST_P(kernel_listeners, out_of_descriptors_they_try_again_every_100_ms) {
  complaints = 0;
  auto former =
      set_dropped_error_hook([](const std::exception_ptr&, const char*) noexcept { complaints++; });
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    stream client = co_await connect_to(door.where());
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    auto began = clock::now();
    rusage used_before{}, used_after{};
    ::getrusage(RUSAGE_THREAD, &used_before);
    auto accept = [&]() -> task<> {
      co_await sleep_for(5ms);
      EXPECT_FALSE(co_await move_on_after(150ms, door.accept()));  // cancelled while it pauses
      EXPECT_TRUE((co_await door.accept()).is_open());
    };
    // Both have begun before the limit falls: UBSan needs a descriptor when it first sees a type.
    auto starve = [&]() -> task<> {
      rlimit none = before;
      none.rlim_cur = 3;
      ::setrlimit(RLIMIT_NOFILE, &none);
      co_await sleep_for(300ms);
      ::setrlimit(RLIMIT_NOFILE, &before);
    };
    co_await all(accept, starve);
    ::getrusage(RUSAGE_THREAD, &used_after);
    auto took = clock::now() - began;
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 1s);
    EXPECT_LT(used_after.ru_nvcsw - used_before.ru_nvcsw, 30) << "a busy loop";
  });
  set_dropped_error_hook(former);
  if (IsSkipped()) return;
  EXPECT_EQ(complaints, 2);
}

TEST_P(kernel_listeners, also_when_the_peer_comes_while_they_wait) {
  auto former = set_dropped_error_hook([](const std::exception_ptr&, const char*) noexcept {});
  in_run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    address where = door.where();
    int caller = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    rlimit before{};
    auto accept = [&]() -> task<> { EXPECT_TRUE((co_await door.accept()).is_open()); };
    auto call = [&]() -> task<> {
      co_await sleep_for(10ms);  // the accept waits in the kernel
      ::getrlimit(RLIMIT_NOFILE, &before);
      rlimit none = before;
      none.rlim_cur = 3;
      ::setrlimit(RLIMIT_NOFILE, &none);
      (void)!::connect(caller, static_cast<const sockaddr*>(where.data()), where.size());
      co_await sleep_for(50ms);
      ::setrlimit(RLIMIT_NOFILE, &before);
    };
    co_await all(accept, call);
    ::close(caller);
  });
  set_dropped_error_hook(former);
}

TEST_P(kernel_listeners, streams_do_not_wait_for_more_to_send) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    // Looked at through the descriptor's copy in /proc: streams do not give theirs away.
    int checked = 0;
    for (int fd = 3; fd < 64; fd++) {
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
          peer.sin_family != AF_INET)
        continue;
      int on = 0;
      size = sizeof on;
      EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
      EXPECT_EQ(on, 1);
      checked++;
    }
    EXPECT_EQ(checked, 2);
  });
}

TEST_P(kernel_listeners, ipv6_is_written_in_brackets) {
  in_run([]() -> task<> {
    auto door = co_await as_outcome(listen("tcp:[::1]:0"));
    if (!door) co_return;  // a machine without IPv6
    stream s = co_await connect("tcp:[::1]:" + std::to_string(door->port()));
    EXPECT_EQ(s.peer().text(), "[::1]:" + std::to_string(door->port()));
  });
}

}  // namespace
}  // namespace kettle
