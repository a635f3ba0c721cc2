#include <kettle/io/io_wait.hpp>

#include "io/io_rig.hpp"

#include <cerrno>

namespace kettle {
namespace {

class receive : public operation<receive, detail::io_wait> {
 public:
  receive(int from, char* into, std::size_t n) : operation(io_kind::recv) {
    fd = from;
    data = into;
    size = n;
  }
  bool start() override { return begin_request(); }
  int finish() const noexcept { return result; }
  const char* what() const noexcept override { return "receive"; }
};

TEST(io_wait, gives_what_the_system_said) {
  run([]() -> task<> {
    char c;
    EXPECT_EQ(co_await receive(-1, &c, 1), -EBADF);
  });
}

class io_waits : public every_backend {};
ON_EVERY_BACKEND(io_waits);

// Data arrives at about the moment of the deadline: either it was received or it is still there.
TEST_P(io_waits, a_race_between_data_and_cancel_loses_nothing) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    std::size_t received = 0;
    constexpr std::size_t sent = 200;
    auto write = [&]() -> task<> {
      for (std::size_t i = 0; i < sent; i++) {
        co_await sleep_for(50us);
        co_await e.client.write("x");
      }
      e.client.shutdown();
    };
    auto read = [&]() -> task<> {
      char buf[64];
      for (int i = 0;; i++) {
        auto n = co_await move_on_after(std::chrono::microseconds(i % 100),
                                        e.server.read(std::span<char>(buf)));
        if (n && *n == 0) co_return;
        received += n.value_or(0);
      }
    };
    co_await all(write, read);
    EXPECT_EQ(received, sent);
  });
}

}  // namespace
}  // namespace kettle
