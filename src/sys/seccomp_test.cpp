#include "sys/seccomp.hpp"

#include "sys/ring.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>

namespace kettle {
namespace {

// In a child, because a filter stays. 0: as it should be.
template <class Body> int status_of_child(Body body) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(seccomp, denies_io_uring_with_the_given_error_and_nothing_else) {
  for (int error : {EPERM, ENOSYS}) {
    EXPECT_EQ(status_of_child([error] {
                if (sys::deny_io_uring(error) != 0) return 1;
                if (sys::ring(8).error() != error) return 2;
                if (::getppid() <= 0) return 3;
                return sys::unique_fd(::dup(0)) ? 0 : 4;
              }),
              0);
  }
}

TEST(seccomp, refuses_a_call_by_one_of_its_arguments) {
  EXPECT_EQ(status_of_child([] {
              if (sys::refuse_calls({{.call = SYS_fcntl,
                                      .error = EOPNOTSUPP,
                                      .argument = 1,
                                      .mask = 0xff,
                                      .value = F_GETFD}}) != 0)
                return 1;
              if (::fcntl(0, F_GETFD) != -1 || errno != EOPNOTSUPP) return 2;
              return ::fcntl(0, F_GETFL) >= 0 ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace kettle
