#include "processes/memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace kettle {
namespace {

TEST(shared_memory, what_does_not_fit_into_the_table_lies_in_the_slots_window) {
  shared_memory m;
  m.make();
  EXPECT_EQ(m.request_room(9, inline_bytes), m.requests().requests[9].bytes);
  EXPECT_EQ(m.answer_room(9, inline_bytes), m.answers().answers[9].bytes);
  m.request_room(9, inline_bytes + 1)[inline_bytes] = 7;
  EXPECT_EQ(m.request_room(9, 5 << 20)[inline_bytes], 7);
  m.keep(9, 5 << 20, inline_bytes);
  EXPECT_TRUE(m.keeps_much());
  m.give_back();
  EXPECT_FALSE(m.keeps_much());
  EXPECT_EQ(m.request_room(9, 5 << 20)[inline_bytes], 0);  // gone, and reads as nothing
}

TEST(shared_memory, an_encoder_writes_where_the_slot_is_read) {
  shared_memory m;
  m.make();
  slot_encoder out(m, &shared_memory::request_room);
  for (std::size_t size : {std::size_t(0), inline_bytes, inline_bytes + 1, std::size_t(5) << 20}) {
    out.begin(9);
    std::string expected;
    while (expected.size() < size) {
      std::string part(std::min(size - expected.size(), size / 3 + 1),
                       char('a' + expected.size() % 26));
      out.bytes(part.data(), part.size());
      expected += part;
    }
    ASSERT_EQ(out.bytes().size(), size);
    EXPECT_EQ(std::memcmp(m.request_room(9, size), expected.data(), size), 0) << size;
  }
  out.begin(9);
  EXPECT_TRUE(out.bytes().empty());
}

TEST(shared_memory, a_size_that_a_worker_made_up_is_refused) {
  shared_memory m;
  m.make();
  EXPECT_EQ(m.answer_room(0, std::size_t(-1)), nullptr);
}

TEST(shared_memory, workers_cannot_write_requests) {
  shared_memory m;
  m.make();
  int fds[shared_fds - 1];
  m.give(fds);
  sys::mapping read(fds[0], 4096, PROT_READ), write(fds[0], 4096);
  EXPECT_TRUE(read);
  EXPECT_FALSE(write);
  EXPECT_LT(::pwrite(fds[1], "x", 1, 0), 0);
  // Nor by opening it anew: it is sealed.
  std::string path = "/proc/self/fd/" + std::to_string(fds[0]);
  int again = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (again >= 0) {
    EXPECT_FALSE(sys::mapping(again, 4096));
    EXPECT_LT(::pwrite(again, "x", 1, 0), 0);
    ::close(again);
  }
}

TEST(shared_memory, nobody_can_change_its_size) {
  shared_memory m;
  m.make();
  int fds[shared_fds - 1];
  m.give(fds);
  EXPECT_LT(::ftruncate(fds[2], 0), 0);
}

}  // namespace
}  // namespace kettle
