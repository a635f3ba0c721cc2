#include <kettle/io/stream.hpp>

#include "io/io_rig.hpp"
#include "io/lanes.hpp"

#include <array>

namespace kettle {
namespace {

class streams : public every_backend {};
ON_EVERY_BACKEND(streams);

TEST_P(streams, carry_bytes_and_tell_the_end) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    co_await e.client.write("tea");
    std::array<std::byte, 16> buf;
    EXPECT_EQ(co_await e.server.read(buf), 3u);
    EXPECT_EQ(char(buf[0]), 't');
    e.client.shutdown();
    EXPECT_EQ(co_await e.server.read(buf), 0u);
    EXPECT_EQ(co_await e.server.read(buf), 0u);
    co_await e.server.write("still open this way");
    EXPECT_EQ(co_await e.client.read_some(), "still open this way");
  });
}

TEST_P(streams, a_read_waits_for_what_comes) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    auto late = [&]() -> task<> {
      co_await sleep_for(20ms);
      co_await e.client.write("late");
    };
    auto read = [&]() -> task<std::string> { co_return co_await e.server.read_some(); };
    auto [got, none] = co_await all(read, late);
    EXPECT_EQ(got, "late");
  });
}

TEST_P(streams, a_second_reader_is_refused_while_a_writer_is_welcome) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    auto read = [&]() -> task<std::string> { co_return co_await e.server.read_some(); };
    auto others = [&]() -> task<> {
      co_await yield();
      char c[1];
      auto second = co_await as_outcome(e.server.read(std::span<char>(c)));
      EXPECT_TRUE(second.error_as<busy_resource>()) << second.what();
      auto line = co_await as_outcome(e.server.read_line());
      EXPECT_TRUE(line.error_as<busy_resource>()) << line.what();
      co_await e.server.write("while it reads");
      EXPECT_EQ(co_await e.client.read_some(), "while it reads");
      co_await e.client.write("x");
    };
    auto [got, none] = co_await all(read, others);
    EXPECT_EQ(got, "x");
  });
}

TEST_P(streams, a_second_writer_is_refused) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    std::string much(8 << 20, 'x');
    auto write = [&]() -> task<> { co_await e.client.write(much); };
    auto others = [&]() -> task<> {
      co_await sleep_for(10ms);
      auto second = co_await as_outcome(e.client.write("y"));
      EXPECT_TRUE(second.error_as<busy_resource>()) << second.what();
      EXPECT_EQ((co_await e.server.read_exactly(much.size())).size(), much.size());
    };
    co_await all(write, others);
    EXPECT_EQ(e.client.last_written(), much.size());
  });
}

TEST_P(streams, closing_ends_who_waits_with_closed_resource) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    auto read = [&]() -> task<> {
      auto got = co_await as_outcome(e.server.read_some());
      EXPECT_TRUE(got.error_as<closed_resource>()) << got.what();
    };
    auto close = [&]() -> task<> {
      co_await sleep_for(1ms);
      e.server.close();
    };
    co_await all(read, close);
    auto after = co_await as_outcome(e.server.write("x"));
    EXPECT_TRUE(after.error_as<closed_resource>());
    EXPECT_EQ(co_await e.client.read_some(), "");
  });
}

TEST_P(streams, destroying_a_stream_does_the_same) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    auto read = [&]() -> task<> {
      auto got = co_await as_outcome(e.server.read_line());
      EXPECT_TRUE(got.error_as<closed_resource>()) << got.what();
    };
    auto drop = [&]() -> task<> {
      co_await sleep_for(1ms);
      e.server = stream();
    };
    co_await all(read, drop);
  });
}

TEST_P(streams, a_cancelled_read_takes_nothing) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    for (int i = 0; i < 20; i++) {
      auto none = co_await move_on_after(1ms, e.server.read_some());
      EXPECT_FALSE(none);
    }
    co_await e.client.write("all of it");
    EXPECT_EQ(co_await e.server.read_some(), "all of it");
  });
}

TEST_P(streams, a_write_to_a_peer_that_does_not_read_waits_and_can_be_cancelled) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    std::string much(16 << 20, 'x');
    EXPECT_FALSE(co_await move_on_after(50ms, e.client.write(much)));
    std::size_t out = e.client.last_written();
    EXPECT_GT(out, 0u);
    EXPECT_LT(out, much.size());
    e.client.shutdown();
    EXPECT_EQ((co_await e.server.read_all()).size(), out);  // what it says went out, did
  });
}

TEST_P(streams, a_write_in_a_cancelled_scope_tells_that_nothing_went_out) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    cancel_scope scope;
    auto writes = [&]() -> task<> {
      co_await e.client.write("four");
      EXPECT_EQ(e.client.last_written(), 4u);
      scope.cancel();
      co_await e.client.write("none of it");
    };
    EXPECT_FALSE(co_await in_scope(scope, writes));
    EXPECT_EQ(e.client.last_written(), 0u);
    e.client.shutdown();
    EXPECT_EQ(co_await e.server.read_all(), "four");
  });
}

TEST_P(streams, a_write_to_a_peer_that_is_gone_tells_how_much_went_out) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    std::string much(16 << 20, 'x');
    auto write = [&]() -> task<> {
      auto o = co_await as_outcome(e.client.write(much));
      const write_error* error = o.error_as<write_error>();
      if (!error) {
        ADD_FAILURE() << o.what();
        co_return;
      }
      EXPECT_LT(error->written, much.size());
      EXPECT_NE(o.what().find("127.0.0.1:"), std::string::npos) << o.what();
      EXPECT_NE(o.what().find("of 16777216 bytes went out"), std::string::npos) << o.what();
    };
    auto leave = [&]() -> task<> {
      co_await e.server.read_exactly(1);
      e.server.close();
    };
    co_await all(write, leave);
  });
}

TEST_P(streams, write_some_tells_what_the_kernel_took) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    std::string much(16 << 20, 'x');
    std::size_t n = co_await e.client.write_some(much);
    EXPECT_GT(n, 0u);
    EXPECT_LT(n, much.size());
    EXPECT_EQ(co_await e.client.write_some(""), 0u);
  });
}

TEST_P(streams, can_be_moved_while_somebody_waits) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    stream elsewhere;
    auto read = [&]() -> task<> { EXPECT_EQ(co_await e.server.read_some(), "x"); };
    auto move = [&]() -> task<> {
      co_await sleep_for(1ms);
      elsewhere = std::move(e.server);
      co_await e.client.write("x");
    };
    co_await all(read, move);
  });
}

TEST_P(streams, know_their_ends) {
  in_run([]() -> task<> {
    ends e = co_await connected();
    EXPECT_EQ(e.client.peer().text(), e.server.local().text());
    EXPECT_EQ(e.server.peer().text(), e.client.local().text());
    EXPECT_FALSE(stream().peer());
    auto o = co_await as_outcome(stream().read_some());
    EXPECT_TRUE(o.error_as<closed_resource>());
  });
}

std::string echo_once(stream s) {  // an ordinary function
  std::string line = *s.read_line().get();
  s.write(line + "!\n").get();
  return line;
}

TEST_P(streams, may_be_given_to_a_thread) {
  in_run([](nursery& n) -> task<> {
    ends e = co_await connected();
    auto there = n.start(on_file_lane, echo_once, std::move(e.server));
    co_await sleep_for(5ms);
    co_await e.client.write("from the loop\n");
    EXPECT_EQ(co_await e.client.read_line(), "from the loop!");
    EXPECT_EQ(co_await there, "from the loop");
  });
}

TEST(stream, works_in_a_plain_thread_without_any_run) {
  listener door = listen("tcp:127.0.0.1:0").get();
  stream client = connect_to(door.where()).get();
  stream server = door.accept().get();
  client.write("no loop\n").get();
  EXPECT_EQ(*server.read_line().get(), "no loop");
}

}  // namespace
}  // namespace kettle
