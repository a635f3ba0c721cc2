#include <kettle/observe/doctor.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <sys/resource.h>
#include <sys/utsname.h>

namespace kettle {
namespace {

// KETTLE_BACKEND for the length of a test.
class backend_asked {
 public:
  explicit backend_asked(const char* name) {
    if (const char* before = std::getenv("KETTLE_BACKEND")) before_ = before, had_one_ = true;
    name ? ::setenv("KETTLE_BACKEND", name, 1) : ::unsetenv("KETTLE_BACKEND");
  }
  ~backend_asked() {
    had_one_ ? ::setenv("KETTLE_BACKEND", before_.c_str(), 1) : ::unsetenv("KETTLE_BACKEND");
  }

 private:
  std::string before_;
  bool had_one_ = false;
};

TEST(doctor, finds_what_the_kernel_says) {
  backend_asked none(nullptr);
  auto r = look_at_machine();
  utsname system{};
  ASSERT_EQ(::uname(&system), 0);
  EXPECT_EQ(r.kernel, system.release);
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(r.files_soft, files.rlim_cur);
  EXPECT_EQ(r.files_hard, files.rlim_max);
  EXPECT_GE(r.cores, 1u);
  EXPECT_LE(r.cores, r.affinity_cores);
  EXPECT_GT(r.memory, 0u);
}

TEST(doctor, the_loop_is_io_uring_where_it_may_be_used_and_epoll_elsewhere) {
  backend_asked none(nullptr);
  auto r = look_at_machine();
  EXPECT_EQ(r.loop, r.io_uring ? "io_uring" : "epoll");
  EXPECT_FALSE(r.loop_reason.empty());
  EXPECT_FALSE(r.loop_forced);
  EXPECT_EQ(r.io_uring_denied.empty(), r.io_uring);
}

TEST(doctor, a_forced_back_end_is_said_to_be_forced) {
  backend_asked epoll("epoll");
  auto r = look_at_machine();
  EXPECT_EQ(r.loop, "epoll");
  EXPECT_TRUE(r.loop_forced);
  EXPECT_NE(r.loop_reason.find("KETTLE_BACKEND=epoll"), std::string::npos);
}

TEST(doctor, an_unknown_back_end_leaves_no_loop_and_says_why) {
  backend_asked wrong("kqueue");
  auto r = look_at_machine();
  EXPECT_EQ(r.loop, "");
  EXPECT_NE(r.loop_reason.find("kqueue"), std::string::npos);
  ASSERT_FALSE(r.advice.empty());
  EXPECT_NE(r.advice[0].find("no loop can run"), std::string::npos);
}

}  // namespace
}  // namespace kettle
