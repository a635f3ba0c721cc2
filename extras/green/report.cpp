#include "green/report.hpp"

#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cstdint>

#include <signal.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

class line {
 public:
  line() { add("kettle green: "); }
  line& add(const char* text) noexcept {
    while (text && *text && used_ < sizeof text_ - 1) text_[used_++] = *text++;
    return *this;
  }
  line& add(long number) noexcept {
    char digits[24];
    unsigned n = sizeof digits;
    digits[--n] = 0;
    bool negative = number < 0;
    unsigned long left = negative ? 0UL - static_cast<unsigned long>(number) : number;
    do digits[--n] = char('0' + left % 10);
    while (left /= 10);
    if (negative) digits[--n] = '-';
    return add(digits + n);
  }
  ~line() {
    text_[used_++] = '\n';
    sys::raw_write(2, text_, used_);
  }

 private:
  char text_[400];
  unsigned used_ = 0;
};

struct sigaction old_action;

void on_fault(int number, siginfo_t* info, void* context) {
  auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  constexpr std::uintptr_t page = 4096;
  for (fiber* f = here.newest; f; f = f->older) {
    auto low = reinterpret_cast<std::uintptr_t>(f->stack_low);
    if (!low || at < low - page || at >= low) continue;
    line()
        .add("stack overflow in thread ")
        .add(f->id)
        .add(f->name[0] ? " " : "")
        .add(f->name)
        .add(": its stack of ")
        .add(long(f->stack_bytes / 1024 + 4))
        .add(" KiB is used up; KETTLE_GREEN_STACK=KIB gives more");
    break;
  }
  if (old_action.sa_flags & SA_SIGINFO) return old_action.sa_sigaction(number, info, context);
  if (old_action.sa_handler != SIG_DFL && old_action.sa_handler != SIG_IGN)
    return old_action.sa_handler(number);
  ::sigaction(SIGSEGV, &old_action, nullptr);  // and the instruction faults again
}

}  // namespace

void say(const char* text) noexcept { line().add(text); }
void say(const char* text, const char* more) noexcept { line().add(text).add(more); }

void report_deadlock() noexcept {
  static unsigned reported = 0;
  if (reported++) return;
  line().add("every thread waits and nothing can wake one (a signal still could):");
  unsigned shown = 0;
  for (fiber* f = here.newest; f; f = f->older) {
    if (f->now != fiber::state::parked) continue;
    if (++shown > 20) continue;
    line()
        .add("  thread ")
        .add(f->id)
        .add(f->name[0] ? " " : "")
        .add(f->name)
        .add(" in ")
        .add(f->waits_for ? f->waits_for : "a wait");
  }
  if (shown > 20) line().add("  and ").add(long(shown - 20)).add(" more");
}

void watch_for_overflow() noexcept {
  static char alternate[64 * 1024];
  stack_t stack{};
  stack.ss_sp = alternate;
  stack.ss_size = sizeof alternate;
  stack_t before{};
  if (::sigaltstack(nullptr, &before) == 0 && (before.ss_flags & SS_DISABLE))
    ::sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  ::sigaction(SIGSEGV, &action, &old_action);
}

}  // namespace kettle::inline KETTLE_ABI::green
