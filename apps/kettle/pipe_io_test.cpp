#include "pipe_io.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <array>
#include <thread>

using namespace kettle::app;

TEST(pipe_io, a_text_longer_than_the_pipe_arrives_whole) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::string text(1'000'000, 'x');
  std::thread writer([&] {
    EXPECT_TRUE(write_all(ends[1], text));
    ::close(ends[1]);
  });
  EXPECT_EQ(read_all(ends[0]), text);
  writer.join();
  ::close(ends[0]);
}

TEST(pipe_io, a_descriptor_that_cannot_is_no_crash) {
  EXPECT_FALSE(write_all(-1, "x"));
  EXPECT_EQ(read_all(-1), "");
}
