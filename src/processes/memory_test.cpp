#include "processes/memory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace kettle {
namespace {

std::vector<unsigned char> pattern(std::size_t size) {
  std::vector<unsigned char> all(size);
  for (std::size_t i = 0; i < size; i++) all[i] = std::uint8_t(i * 7);
  return all;
}

TEST(shared_memory, keeps_what_fits_and_what_does_not) {
  shared_memory m;
  m.make();
  for (std::size_t size : {std::size_t(0), inline_bytes, inline_bytes + 1, std::size_t(5) << 20}) {
    auto bytes = pattern(size);
    ASSERT_EQ(m.put_request(9, bytes), 0);
    ASSERT_EQ(m.put_answer(9, bytes), 0);
    shared_memory::buffer b;
    const unsigned char* r = m.get_request(9, b);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), r));
    const unsigned char* a = m.get_answer(9, size, b);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), a));
    m.keep(9, size, size);
  }
  EXPECT_TRUE(m.keeps_much());
  m.give_back();
  EXPECT_FALSE(m.keeps_much());
  shared_memory::buffer b;
  EXPECT_EQ(m.get_answer(9, 5 << 20, b)[100], 0);  // gone, and reads as nothing
}

TEST(shared_memory, a_size_that_a_worker_made_up_is_refused) {
  shared_memory m;
  m.make();
  shared_memory::buffer b;
  EXPECT_EQ(m.get_answer(0, std::size_t(-1), b), nullptr);
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
