#include <kettle/io/stream.hpp>

#include "io/io_rig.hpp"

namespace kettle {
namespace {

class lines : public every_backend {};
ON_EVERY_BACKEND(lines);

TEST_P(lines, lines_come_one_by_one_and_the_last_may_lack_its_end) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    co_await e.client.write("one\r\ntwo\n\nlast");
    e.client.shutdown();
    EXPECT_EQ(co_await e.server.read_line(), "one");
    EXPECT_EQ(co_await e.server.read_line(), "two");
    EXPECT_EQ(co_await e.server.read_line(), "");
    EXPECT_EQ(co_await e.server.read_line(), "last");
    EXPECT_EQ(co_await e.server.read_line(), std::nullopt);
  });
}

TEST_P(lines, a_line_over_the_limit_stays_in_the_stream) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    std::string big(3000, 'x');
    co_await e.client.write(big + "\nnext\n");
    auto o = co_await as_outcome(e.server.read_line(1000));
    EXPECT_TRUE(o.error_as<limit_overrun>()) << o.what();
    EXPECT_EQ(co_await e.server.read_line(3001), big);
    EXPECT_EQ(co_await e.server.read_line(), "next");
  });
}

TEST_P(lines, an_end_too_early_hands_over_what_had_come) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    co_await e.client.write("12345");
    e.client.shutdown();
    EXPECT_EQ(co_await e.server.read_exactly(2), "12");
    auto o = co_await as_outcome(e.server.read_exactly(10));
    const incomplete_read* error = o.error_as<incomplete_read>();
    if (!error) {
      ADD_FAILURE() << o.what();
      co_return;
    }
    EXPECT_EQ(error->partial, "345");
    EXPECT_EQ(error->expected, 10u);
  });
}

TEST_P(lines, read_until_takes_the_delimiter_too_and_leaves_the_rest) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    auto slowly = [&]() -> task<> {
      for (const char* part : {"head", "\r\n", "\r", "\nbo", "dy"}) {
        co_await e.client.write(part);
        co_await sleep_for(1ms);
      }
      e.client.shutdown();
    };
    auto read = [&]() -> task<> {
      EXPECT_EQ(co_await e.server.read_until("\r\n\r\n"), "head\r\n\r\n");
      char c[1];
      EXPECT_EQ(co_await e.server.read(std::span<char>(c)), 1u);  // from what is there already
      EXPECT_EQ(c[0], 'b');
      EXPECT_EQ(co_await e.server.read_all(), "ody");
    };
    co_await all(slowly, read);
  });
}

}  // namespace
}  // namespace kettle
