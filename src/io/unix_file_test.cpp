#include "io/unix_file.hpp"

#include "io/io_rig.hpp"

#include <filesystem>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

namespace fs = std::filesystem;

class unix_listeners : public every_backend {
 protected:
  void SetUp() override {
    dir = fs::temp_directory_path() / ("kettle-listen-" + std::to_string(::getpid()) + GetParam());
    fs::create_directories(dir);
    path = dir / "s";
    where = "unix:" + path;
  }
  void TearDown() override { fs::remove_all(dir); }
  bool there() const { return fs::exists(fs::symlink_status(path)); }
  // What a process leaves that was killed.
  void leave_a_dead_one() const {
    sys::unique_fd fd(sys::open_socket(AF_UNIX, SOCK_STREAM));
    address at = address::path(path);
    ASSERT_EQ(sys::bind_socket(fd.get(), at.data(), at.size()), 0);
    ASSERT_EQ(sys::listen_socket(fd.get(), 1), 0);
  }
  fs::path dir;
  std::string path, where;
};
ON_REAL_BACKENDS(unix_listeners);

TEST_P(unix_listeners, take_their_file_with_them) {
  in_run([&]() -> task<> {
    for (int i = 0; i < 2; i++) {
      listener door = co_await listen(where);
      EXPECT_TRUE(there());
      auto [client, server] = co_await all(connect(where), door.accept());
      co_await client.write("x");
      EXPECT_EQ(co_await server.read_some(), "x");
      if (i == 0) door.close();
      EXPECT_EQ(there(), i == 1);
    }
    EXPECT_FALSE(there());
  });
}

TEST_P(unix_listeners, take_the_place_of_a_dead_one) {
  in_run([&]() -> task<> {
    leave_a_dead_one();
    EXPECT_TRUE(there());
    listener door = co_await listen(where);
    auto [client, server] = co_await all(connect(where), door.accept());
    EXPECT_TRUE(client.is_open());
  });
  EXPECT_FALSE(there());
}

TEST_P(unix_listeners, never_take_a_living_one_s_place) {
  in_run([&]() -> task<> {
    address at = address::path(path);
    {
      listener door = co_await listen(where);
      EXPECT_EQ(co_await error_of(listen(where)), "listen " + where + ": Address already in use");
      auto [client, server] = co_await all(connect(where), door.accept());
      EXPECT_TRUE(there());
    }
    sys::unique_fd silent(sys::open_socket(AF_UNIX, SOCK_STREAM));  // bound, does not listen yet
    EXPECT_EQ(sys::bind_socket(silent.get(), at.data(), at.size()), 0);
    EXPECT_EQ(co_await error_of(listen(where)), "listen " + where + ": Address already in use");
    EXPECT_TRUE(there());
  });
}

TEST_P(unix_listeners, touch_no_file_of_another_kind) {
  std::ofstream(path) << "precious";
  in_run([&]() -> task<> {
    EXPECT_EQ(co_await error_of(listen(where)), "listen " + where + ": Address already in use");
  });
  EXPECT_EQ(fs::file_size(path), 8u);
  fs::remove(path);
  fs::create_symlink(dir / "elsewhere", path);
  in_run([&]() -> task<> {
    EXPECT_EQ(co_await error_of(listen(where)), "listen " + where + ": Address already in use");
  });
  EXPECT_TRUE(there());
}

TEST_P(unix_listeners, remove_what_is_theirs_only) {
  in_run([&]() -> task<> {
    listener old = co_await listen(where);
    fs::rename(path, path + ".moved");
    listener young = co_await listen(where);
    old.close();
    EXPECT_TRUE(there());
    young.close();
    EXPECT_FALSE(there());
  });
}

TEST_P(unix_listeners, are_removed_by_the_process_that_made_them_only) {
  in_run([&]() -> task<> {
    listener door = co_await listen(where);
    pid_t child = ::fork();
    if (child == 0) {
      door.~listener();
      ::_exit(0);
    }
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(there());
  });
  EXPECT_FALSE(there());
}

TEST_P(unix_listeners, remember_a_relative_path_from_the_root) {
  fs::path former = fs::current_path();
  fs::current_path(dir);
  in_run([&]() -> task<> {
    listener door = co_await listen("unix:s");
    fs::current_path(former);
    EXPECT_TRUE(there());
    door.close();
    EXPECT_FALSE(there());
  });
  fs::current_path(former);
}

// Of many that start at the same time after a crash exactly one listens.
TEST_P(unix_listeners, of_many_that_replace_a_dead_one_a_single_one_wins) {
  in_run([&]() -> task<> {
    for (int round = 0; round < 20; round++) {
      leave_a_dead_one();
      std::vector<listener> doors;
      co_await with_nursery([&](nursery& n) {
        auto start = [&]() -> task<> {
          auto o = co_await as_outcome(listen(where));
          if (o) doors.push_back(std::move(*o));
        };
        for (int i = 0; i < 10; i++) n.start(start);
      });
      EXPECT_EQ(doors.size(), 1u);
      if (doors.size() != 1) co_return;
      auto [client, server] = co_await all(connect(where), doors[0].accept());
    }
  });
}

class abstract_names : public every_backend {};
ON_EVERY_BACKEND(abstract_names);

TEST_P(abstract_names, are_listened_at_without_a_file) {
  std::string where = "unix:@kettle-test-" + std::to_string(::getpid());
  in_run([&]() -> task<> {
    for (int i = 0; i < 2; i++) {
      listener door = co_await listen(where);
      EXPECT_EQ(door.where().text(), where);
      EXPECT_FALSE(fs::exists(where.substr(5)));
      EXPECT_EQ(co_await error_of(listen(where)), "listen " + where + ": Address already in use");
      auto [client, server] = co_await all(connect(where), door.accept());
      co_await server.write("x");
      EXPECT_EQ(co_await client.read_some(), "x");
      EXPECT_EQ(client.peer().text(), where);
    }
  });
}

}  // namespace
}  // namespace kettle
