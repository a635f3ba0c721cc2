#include "guard.hpp"

#include "child.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>

namespace kettle::app {
namespace {

constexpr int cannot_run = 127;
constexpr int look_again_ms = 20;  // for orphans: somebody may wait for their group to be gone

sigset_t only_term() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  return set;
}

[[noreturn]] void become(char* const* argv, const sigset_t& term) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
  ::execv(argv[0], argv);
  ::_exit(cannot_run);
}

int end_like(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return WEXITSTATUS(wait_status);
  ::signal(WTERMSIG(wait_status), SIG_DFL);
  ::raise(WTERMSIG(wait_status));
  return cannot_run;
}

}  // namespace

int guard(const std::vector<std::string>& program) {
  ::prctl(PR_SET_PDEATHSIG, 0);  // to outlive kettle for as long as it takes
  adopt_orphans();
  auto term = only_term();
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  int asked = ::signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
  std::vector<char*> argv;
  argv.reserve(program.size() + 1);
  for (auto& word : program) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), term);
  if (pid < 0) return cannot_run;
  ::close(0);
  for (;;) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
      return end_like(status);
    }
    reap_orphans(pid, 0);
    std::array<pollfd, 2> wait = {pollfd{asked, POLLIN, 0}, pollfd{1, 0, 0}};
    ::poll(wait.data(), wait.size(), look_again_ms);
    signalfd_siginfo info;
    if (::read(asked, &info, sizeof info) == sizeof info) ::kill(pid, SIGTERM);
    if ((wait[1].revents & POLLERR) == 0) continue;
    ::kill(pid, SIGKILL);
    end_strays(0, 0);
    return cannot_run;
  }
}

}  // namespace kettle::app
