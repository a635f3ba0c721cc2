// The network in memory, used from several threads of a run.

#include "io/io_rig.hpp"

#include "core/home.hpp"
#include "sys/process.hpp"

#include <kettle/coro/pool_call.hpp>
#include <kettle/sync/event.hpp>
#include <kettle/threads/on_thread.hpp>
#include <kettle/threads/thread_pool.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

namespace kettle {
namespace {

TEST(virtual_network, is_left_behind_by_a_pools_thread_when_its_run_ends) {
  thread_pool pool({.workers = 1});
  auto waits_for_nobody = [] {
    listener door = listen("tcp:127.0.0.1:7777").get();  // in each world anew
    return !move_on_after(1h, door.accept()).get().has_value();
  };
  for (int i = 0; i < 2; i++) {
    bool alone =
        run(on("virtual"), [&]() -> task<bool> { co_return co_await pool(waits_for_nobody); });
    EXPECT_TRUE(alone);
  }
  auto really = [] { return listen("tcp:127.0.0.1:0").get().port(); };
  EXPECT_NE(pool(really).get(), 0);
}

// A wait whose thread is slow between taking its end and going on.
class slow_accept : public operation<slow_accept, detail::io_wait> {
 public:
  slow_accept(int listener, int other_thread) noexcept
      : operation(io_kind::accept),
        other_("/proc/self/task/" + std::to_string(other_thread) + "/stat") {
    fd = listener;
  }
  bool start() override { return begin_request(); }
  int finish() const noexcept { return result; }
  const char* what() const noexcept override { return "slow accept"; }

 private:
  void ended() noexcept override {
    while (sys::read_small_file(other_.c_str()).find(") S ") == std::string::npos)
      std::this_thread::yield();
  }
  std::string other_;
};

TEST(virtual_network, who_has_taken_what_arrived_is_awake) {
  auto where = *address::ip("127.0.0.1", 7777);
  event listening, accepted;
  run(on("virtual"), [&](nursery& n) -> task<> {
    auto accepts = [&, loop = int(::gettid())] {
      backend& io = home::here().io();
      int door = io.socket(AF_INET, SOCK_STREAM);
      io.bind(door, where.data(), where.size());
      io.listen(door, 1);
      listening.set();
      int peer = slow_accept(door, loop).get();
      EXPECT_GE(peer, 0);
      io.close(peer);
      io.close(door);
      accepted.set();
    };
    n.start(on_thread, accepts);
    co_await listening.wait();
    co_await sleep_for(1s);  // it waits by then
    stream s = co_await connect_to(where);
    co_await accepted.wait();  // nothing else can happen here
  });
}

}  // namespace
}  // namespace kettle
