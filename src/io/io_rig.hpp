#pragma once
// For this room's tests: the same test on every back end.
//
//   IO_TEST(stream, says_the_end, { auto [a, b] = co_await connected(); ... });

#include <kettle/core/sleep.hpp>
#include <kettle/coro/all.hpp>
#include <kettle/coro/first_of.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/io/connect.hpp>
#include <kettle/io/listener.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include <dirent.h>

namespace kettle {

using namespace std::chrono_literals;

// "io_uring", "epoll" or "virtual".
inline run_options on(const std::string& backend) {
  run_options o;
  if (backend == "virtual")
    o.time = time_kind::virtual_time;
  else
    o.backend = backend == "epoll" ? "epoll" : "io_uring";
  return o;
}

class every_backend : public testing::TestWithParam<const char*> {
 protected:
  template <class F> void in_run(F f) {
    try {
      run(on(GetParam()), f);
    } catch (const usage_error& e) {
      if (std::string(e.what()).find("io_uring was asked for") == std::string::npos) throw;
      GTEST_SKIP() << e.what();
    }
  }
};

#define ON_EVERY_BACKEND(suite)                                                      \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::Values("io_uring", "epoll", "virtual"), \
                           [](auto& i) { return std::string(i.param); })
#define ON_REAL_BACKENDS(suite)                                           \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::Values("io_uring", "epoll"), \
                           [](auto& i) { return std::string(i.param); })

struct ends {
  stream client, server;
};
inline task<ends> connected() {
  listener door = co_await listen("tcp:127.0.0.1:0");
  auto [client, server] = co_await all(connect_to(door.where()), door.accept());
  ends e;
  e.client = std::move(client);
  e.server = std::move(server);
  co_return e;
}

inline int open_descriptors() {
  DIR* d = ::opendir("/proc/self/fd");
  int n = 0;
  while (::readdir(d)) n++;
  ::closedir(d);
  return n;
}

// The message of what f throws; "" for nothing.
template <class W> task<std::string> error_of(W&& wait) {
  auto o = co_await as_outcome(std::forward<W>(wait));
  co_return o ? std::string() : o.what();
}

}  // namespace kettle
