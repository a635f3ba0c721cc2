#include <kettle/io/file.hpp>

#include "io/io_rig.hpp"

#include <filesystem>

#include <unistd.h>

namespace kettle {
namespace {

class files : public every_backend {
 protected:
  void SetUp() override {
    dir = std::filesystem::temp_directory_path() /
          ("kettle-files-" + std::to_string(::getpid()) + GetParam());
    std::filesystem::create_directories(dir);
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  std::string path(const char* name) const { return dir / name; }
  std::filesystem::path dir;
};
ON_EVERY_BACKEND(files);

TEST_P(files, what_is_written_is_read) {
  in_run([&]() -> task<> {
    std::string text(1'000'000, 'x');
    text += "end";
    co_await write_file(path("a"), text);
    EXPECT_EQ(co_await read_file(path("a")), text);
    co_await write_file(path("a"), "short");
    EXPECT_EQ(co_await read_file(path("a")), "short");
  });
}

TEST_P(files, those_without_a_size_are_read_to_their_end) {
  in_run([]() -> task<> {
    EXPECT_NE((co_await read_file("/proc/self/status")).find("Name:"), std::string::npos);
  });
}

TEST_P(files, errors_name_the_path) {
  in_run([&]() -> task<> {
    std::string missing = path("missing");
    auto read = co_await as_outcome(read_file(missing));
    EXPECT_EQ(read.what(), "open " + missing + ": No such file or directory");
    auto opened = co_await as_outcome(open_file(missing));
    EXPECT_EQ(opened.what(), "open " + missing + ": No such file or directory");
    auto closed = co_await as_outcome(file().size());
    EXPECT_TRUE(closed.error_as<closed_resource>());
  });
}

TEST_P(files, offsets_are_independent) {
  in_run([&]() -> task<> {
    file f = co_await open_file(path("b"), file_mode::read_write);
    co_await f.write("hello world", 0);
    co_await f.write("W", 6);
    EXPECT_EQ(co_await f.size(), 11);
    char buf[5];
    EXPECT_EQ(co_await f.read(std::span<char>(buf), 6), 5u);
    EXPECT_EQ(std::string(buf, 5), "World");
    EXPECT_EQ(co_await f.read(std::span<char>(buf), 9), 2u);
    EXPECT_EQ(co_await f.read(std::span<char>(buf), 11), 0u);
  });
}

TEST_P(files, modes_mean_what_they_say) {
  in_run([&]() -> task<> {
    co_await write_file(path("c"), "12345");
    {
      file f = co_await open_file(path("c"), file_mode::append);
      co_await f.write("6", 0);
    }
    EXPECT_EQ(co_await read_file(path("c")), "123456");
    {
      file f = co_await open_file(path("c"), file_mode::read);
      auto o = co_await as_outcome(f.write("x", 0));
      EXPECT_EQ(o.what(), "write " + path("c") + ": Bad file descriptor");
    }
    { file f = co_await open_file(path("c"), file_mode::write); }
    EXPECT_EQ(co_await read_file(path("c")), "");
  });
}

}  // namespace
}  // namespace kettle
