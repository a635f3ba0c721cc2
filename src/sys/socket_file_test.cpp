#include "sys/socket_file.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/un.h>

namespace kettle {
namespace {

class socket_files : public testing::Test {
 protected:
  void SetUp() override {
    dir = std::filesystem::temp_directory_path() / ("kettle-unix-" + std::to_string(::getpid()));
    std::filesystem::create_directories(dir);
    path = dir / "s";
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  sys::unique_fd bound(int type) {
    sys::unique_fd fd(sys::open_socket(AF_UNIX, type));
    EXPECT_EQ(sys::bind_socket(fd.get(), &at, sizeof at), 0);
    return fd;
  }
  bool lives() { return sys::has_living_socket(&at, sizeof at) != 0; }
  std::filesystem::path dir;
  std::string path;
  sockaddr_un at{};
};

TEST_F(socket_files, are_told_apart) {
  sys::file_identity first, second;
  EXPECT_EQ(sys::socket_file(path.c_str(), first), -ENOENT);
  auto s = bound(SOCK_STREAM);
  EXPECT_EQ(sys::socket_file(path.c_str(), first), 0);
  EXPECT_EQ(sys::socket_file(path.c_str(), second), 0);
  EXPECT_EQ(first, second);
  std::filesystem::rename(path, path + "2");
  auto t = bound(SOCK_STREAM);
  EXPECT_EQ(sys::socket_file(path.c_str(), second), 0);
  EXPECT_FALSE(first == second);
  std::ofstream(dir / "plain") << "x";
  EXPECT_EQ(sys::socket_file((dir / "plain").c_str(), first), -ENOTSOCK);
}

TEST_F(socket_files, live_as_long_as_a_socket_of_any_kind_is_bound) {
  for (int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    auto s = bound(type);
    EXPECT_TRUE(lives()) << type;  // before it listens, too
    if (type != SOCK_DGRAM) {
      EXPECT_EQ(sys::listen_socket(s.get(), 1), 0);
      EXPECT_TRUE(lives()) << type;
      EXPECT_EQ(sys::accept_now(s.get()), -EAGAIN) << "the question must not be a connection";
    }
    s.reset();
    EXPECT_FALSE(lives()) << type;
    EXPECT_EQ(sys::remove_file(path.c_str()), 0);
  }
}

TEST_F(socket_files, are_replaced_by_one_at_a_time) {
  sys::unique_fd first = sys::lock_directory(dir.c_str());
  EXPECT_TRUE(first);
  EXPECT_EQ(sys::lock_directory(dir.c_str()).error(), EWOULDBLOCK);
  first.reset();
  EXPECT_TRUE(sys::lock_directory(dir.c_str()));
}

}  // namespace
}  // namespace kettle
