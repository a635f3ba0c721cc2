// Runs the suite on the back end that KETTLE_BEHAVIOURS names; see suite.hpp. With
// KETTLE_BEHAVIOURS_BUDGET=1 every operation takes its turn, even those that are ready.

#include "loop/choose.hpp"
#include "sys/seccomp.hpp"

#include <kettle/core/budget.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// b54 starts threads in the fork of a threaded process, which ThreadSanitizer ends unless told so.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace {

using namespace kettle;

// Prepares the process; a back end that the kernel denies is no choice of ours.
const char* reason_to_skip(std::string_view back_end) {
  if (back_end == "virtual") return nullptr;
  if (back_end == "denied") {
    if (sys::deny_io_uring(EPERM) < 0) return "the kernel refuses the seccomp filter";
    ::unsetenv("KETTLE_BACKEND");
    return choose_backend().kind == backend_kind::epoll ? nullptr
                                                        : "the filter does not deny io_uring";
  }
  if (back_end == "io_uring" && uring_denied_here() != 0) return "io_uring is denied here";
  ::setenv("KETTLE_BACKEND", std::string(back_end).c_str(), 1);
  return nullptr;
}

}  // namespace

TEST(suite, runs_on_the_back_end_it_was_asked_for) {
  const char* how = std::getenv("KETTLE_BEHAVIOURS");
  std::string_view back_end = how ? how : "virtual";
  if (back_end == "virtual") return;
  EXPECT_STREQ(name_of(choose_backend().kind), back_end == "denied" ? "epoll" : how);
}

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const char* budget = std::getenv("KETTLE_BEHAVIOURS_BUDGET")) turn_budget = std::atoi(budget);
  const char* how = std::getenv("KETTLE_BEHAVIOURS");
  if (const char* reason = reason_to_skip(how ? how : "virtual")) {
    std::printf("SKIP: %s\n", reason);
    return 77;
  }
  return RUN_ALL_TESTS();
}
