#include <kettle/io/pipe.hpp>

#include "io/io_rig.hpp"

#include <unistd.h>

namespace kettle {
namespace {

class pipes : public every_backend {};
ON_REAL_BACKENDS(pipes);

TEST_P(pipes, carry_bytes_with_back_pressure_and_an_end) {
  in_run([]() -> task<> {
    auto [out, in] = make_pipe();
    std::string much(1 << 20, 'x');
    auto write = [&]() -> task<> {
      co_await in.write(much);
      in.shutdown();
    };
    auto read = [&]() -> task<> { EXPECT_EQ((co_await out.read_all()).size(), much.size()); };
    co_await all(write, read);
    EXPECT_FALSE(in.is_open());
  });
}

TEST_P(pipes, a_write_to_nobody_is_an_error_and_no_signal) {
  in_run([]() -> task<> {
    auto [out, in] = make_pipe();
    out.close();
    auto o = co_await as_outcome(in.write("x"));
    const write_error* error = o.error_as<write_error>();
    EXPECT_TRUE(error && error->code() == std::errc::broken_pipe) << o.what();
  });
}

TEST_P(pipes, somebody_elses_descriptor_can_be_waited_for) {
  in_run([]() -> task<> {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    EXPECT_FALSE(co_await move_on_after(5ms, readable(fds[0])));
    co_await writable(fds[1]);
    EXPECT_EQ(::write(fds[1], "x", 1), 1);
    co_await readable(fds[0]);
    stream in = stream::adopt(fds[0]);
    EXPECT_EQ(co_await in.read_some(), "x");
    ::close(fds[1]);
    EXPECT_EQ(co_await in.read_some(), "");
  });
}

}  // namespace
}  // namespace kettle
