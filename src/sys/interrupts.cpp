#include "sys/interrupts.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>
#include <kettle/base/spin_lock.hpp>

#include <cerrno>

#include <signal.h>
#include <time.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

spin_lock changing;
int users = 0;
struct sigaction former;
// What the handler sees of it. relaxed: written before the handler is installed.
atomic<void (*)(int, siginfo_t*, void*)> programs{nullptr};
atomic<void (*)(int)> programs_plain{nullptr};

void on_interrupt(int signal, siginfo_t* info, void* machine) {
  if (auto* f = programs.load(relaxed)) return f(signal, info, machine);
  if (auto* f = programs_plain.load(relaxed)) f(signal);
}

void install() noexcept {
  if (::sigaction(interrupt_signal, nullptr, &former) != 0) return;
  bool wants_info = former.sa_flags & SA_SIGINFO;
  bool plain = !wants_info && former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN;
  programs.store(wants_info ? former.sa_sigaction : nullptr, relaxed);
  programs_plain.store(plain ? former.sa_handler : nullptr, relaxed);
  struct sigaction action = former;  // its mask is the program's wish
  action.sa_sigaction = on_interrupt;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;  // without SA_RESTART; Go insists on its own stack
  ::sigaction(interrupt_signal, &action, nullptr);
}

void restore() noexcept {
  struct sigaction now{};
  ::sigaction(interrupt_signal, nullptr, &now);
  bool still_ours = (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_interrupt;
  if (still_ours) ::sigaction(interrupt_signal, &former, nullptr);
}

sigset_t the_signal() noexcept {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, interrupt_signal);
  return one;
}

}  // namespace

interruptible::interruptible() noexcept {
  if (kettle::detail::seam::exploring()) return;
  {
    spin_guard here(changing);
    if (users++ == 0) install();
  }
  sigset_t one = the_signal(), before;
  ::pthread_sigmask(SIG_UNBLOCK, &one, &before);
  was_blocked_ = sigismember(&before, interrupt_signal) == 1;
}

interruptible::~interruptible() {
  if (kettle::detail::seam::exploring()) return;
  if (was_blocked_) {
    sigset_t one = the_signal();
    ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
    // One that came last must not meet what runs here next.
    timespec at_once{0, 0};
    while (::sigtimedwait(&one, nullptr, &at_once) > 0 || errno == EINTR) {}
  }
  spin_guard here(changing);
  if (--users == 0) restore();
}

}  // namespace kettle::inline KETTLE_ABI::sys
