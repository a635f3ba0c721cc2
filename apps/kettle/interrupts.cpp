#include "interrupts.hpp"

#include <sys/signalfd.h>
#include <unistd.h>
#include <csignal>

namespace kettle::app {
namespace {

sigset_t both() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

interrupts::interrupts() {
  auto set = both();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

interrupts::~interrupts() {
  auto set = both();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  if (fd_ >= 0) ::close(fd_);
}

bool interrupts::to_stop() {
  signalfd_siginfo info;
  if (signal_ == 0 && ::read(fd_, &info, sizeof info) == sizeof info)
    signal_ = static_cast<int>(info.ssi_signo);
  return signal_ != 0;
}

void interrupts::end_by_it() {
  if (signal_ == 0) return;
  ::signal(signal_, SIG_DFL);
  auto set = both();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal_);
}

}  // namespace kettle::app
