#include <kettle/io/file.hpp>

#include "io/io_rig.hpp"
#include "io/lanes.hpp"

#include <csignal>
#include <filesystem>
#include <latch>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
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

TEST_P(files, a_path_is_not_cut_at_a_nul) {
  in_run([&]() -> task<> {
    std::string cut = path("nul") + '\0' + ".safe";
    auto wrote = co_await as_outcome(write_file(cut, "x"));
    EXPECT_TRUE(wrote.error_as<usage_error>()) << wrote.what();
    EXPECT_FALSE(std::filesystem::exists(path("nul")));
    auto read = co_await as_outcome(read_file(cut));
    EXPECT_TRUE(read.error_as<usage_error>()) << read.what();
    auto opened = co_await as_outcome(open_file(cut, file_mode::read_write));
    EXPECT_TRUE(opened.error_as<usage_error>()) << opened.what();
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

TEST_P(files, a_read_whose_file_is_closed_before_its_turn_reads_no_other_file) {
  in_run([&]() -> task<> {
    co_await write_file(path("a"), "right");
    co_await write_file(path("b"), "wrong");
    file f = co_await open_file(path("a"));
    std::latch go(1);
    char buf[5] = {};
    int other = -1;
    auto occupy = [&]() -> task<> { co_await on_file_lane([&] { go.wait(); }); };
    auto read = [&]() -> task<> { co_await f.read(std::span<char>(buf), 0); };
    auto close = [&]() -> task<> {
      co_await yield();
      f.close();
      EXPECT_FALSE(f.is_open());
      other = ::open(path("b").c_str(), O_RDONLY | O_CLOEXEC);
      go.count_down();
    };
    co_await all(occupy, occupy, occupy, occupy, read, close);
    EXPECT_EQ(std::string(buf, 5), "right");
    ::close(other);
  });
}

TEST_P(files, close_what_was_read_and_measured) {
  in_run([&]() -> task<> {
    co_await write_file(path("a"), "x");
    int before = open_descriptors();
    for (int i = 0; i < 10; i++) {
      file f = co_await open_file(path("a"));
      char c;
      EXPECT_EQ(co_await f.read(std::span<char>(&c, 1), 0), 1u);
      EXPECT_EQ(co_await f.size(), 1);
      file moved = std::move(f);
      if (i % 2) moved.close();
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

// Devices that are always ready, in virtual time too.
TEST_P(files, devices_are_read_and_written_at_once) {
  in_run([&]() -> task<> {
    EXPECT_EQ(co_await read_file("/dev/null"), "");
    co_await write_file("/dev/null", std::string(100'000, 'x'));
    file zero = co_await open_file("/dev/zero");
    char buf[3] = {'a', 'b', 'c'};
    EXPECT_EQ(co_await zero.read(std::span<char>(buf), 5), 3u);
    EXPECT_EQ(std::string(buf, 3), std::string(3, '\0'));
    file full = co_await open_file("/dev/full", file_mode::read_write);
    EXPECT_EQ(co_await error_of(full.write("x", 0)), "write /dev/full: No space left on device");
  });
}

class fifos : public files {
 protected:
  void SetUp() override {
    files::SetUp();
    fifo = path("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  }
  std::string fifo;
};
ON_REAL_BACKENDS(fifos);

TEST_P(fifos, hold_no_thread_and_end_with_their_deadline) {
  in_run([&]() -> task<> {
    co_await write_file(path("a"), "text");
    co_await with_nursery([&](nursery& n) -> task<> {
      auto read = [&]() -> task<> { co_await read_file(fifo); };
      auto write = [&]() -> task<> { co_await write_file(path("nobody"), "x"); };
      ::mkfifo(path("nobody").c_str(), 0600);
      for (int i = 0; i < 10; i++) n.start(read), n.start(write);
      co_await sleep_for(1ms);
      EXPECT_EQ(co_await read_file(path("a")), "text");
      n.cancel();
    });
    EXPECT_FALSE(co_await move_on_after(1ms, read_file(fifo)));
    EXPECT_FALSE(co_await move_on_after(1ms, open_file(fifo, file_mode::append)));
    file f = co_await open_file(fifo);
    char buf[8];
    file writer = co_await open_file(fifo, file_mode::write);
    EXPECT_FALSE(co_await move_on_after(1ms, f.read(std::span<char>(buf), 0)));
  });
}

TEST_P(fifos, are_read_until_their_writers_have_gone) {
  in_run([&]() -> task<> {
    std::string much(300'000, 'x');
    auto [read, wrote] = co_await all(read_file(fifo), write_file(fifo, much));
    (void)wrote;
    EXPECT_EQ(read.size(), much.size());
    // An empty file: its writer came and went.
    auto nothing = [&]() -> task<> { co_await open_file(fifo, file_mode::write); };
    auto [empty, opened] = co_await all(read_file(fifo), nothing);
    (void)opened;
    EXPECT_EQ(empty, "");
  });
}

TEST_P(fifos, as_files_have_no_offsets) {
  in_run([&]() -> task<> {
    file out = co_await open_file(fifo);
    file in = co_await open_file(fifo, file_mode::write);
    co_await in.write("hello ", 700);
    co_await in.write("world", 0);
    char buf[64];
    EXPECT_EQ(co_await out.read(std::span<char>(buf), 12345), 11u);
    EXPECT_EQ(std::string(buf, 11), "hello world");
    out.close();
    EXPECT_EQ(co_await error_of(in.write("x", 0)), "write " + fifo + ": Broken pipe");
  });
}

TEST_P(fifos, are_let_go_of_when_their_file_is_closed) {
  in_run([&]() -> task<> {
    file out = co_await open_file(fifo);
    file in = co_await open_file(fifo, file_mode::write);
    char buf[8];
    auto read = [&]() -> task<> {
      auto o = co_await as_outcome(out.read(std::span<char>(buf), 0));
      EXPECT_TRUE(o.error_as<closed_resource>()) << o.what();
    };
    auto close = [&]() -> task<> {
      co_await yield();
      out.close();
    };
    co_await all(read, close);
  });
}

TEST_P(fifos, a_terminal_is_waited_for_likewise) {
  int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || ::grantpt(master) < 0 || ::unlockpt(master) < 0)
    GTEST_SKIP() << "no terminal is to be had here";
  std::string terminal = ::ptsname(master);
  in_run([&]() -> task<> {
    EXPECT_FALSE(co_await move_on_after(1ms, read_file(terminal)));
    file f = co_await open_file(terminal);
    EXPECT_EQ(::write(master, "line\n", 5), 5);
    char buf[16];
    EXPECT_EQ(co_await f.read(std::span<char>(buf), 0), 5u);
  });
  ::close(master);
}

TEST_P(fifos, do_not_hold_up_the_end_that_a_signal_asks_for) {
  auto ended_by_a_signal = [&] {
    in_run([&]() -> task<> {
      auto read = [&]() -> task<> { co_await read_file(fifo); };
      auto signal = [&]() -> task<> {
        co_await yield();
        ::raise(SIGTERM);
      };
      co_await all(read, signal);
    });
  };
  EXPECT_EXIT(ended_by_a_signal(), testing::KilledBySignal(SIGTERM), "");
}

TEST(files_in_virtual_time, say_that_a_fifo_is_real) {
  std::string fifo = std::filesystem::temp_directory_path() / "kettle-virtual-fifo";
  ::unlink(fifo.c_str());
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  run(on("virtual"), [&]() -> task<> {
    auto read = co_await as_outcome(read_file(fifo));
    EXPECT_TRUE(read.error_as<usage_error>()) << read.what();
    auto wrote = co_await as_outcome(write_file(fifo, "x"));
    EXPECT_TRUE(wrote.error_as<usage_error>()) << wrote.what();
  });
  ::unlink(fifo.c_str());
}

}  // namespace
}  // namespace kettle
