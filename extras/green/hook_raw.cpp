// syscall(), by which C++'s waits on atomics and its guards of static variables reach the kernel.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/moments.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cstdarg>

#include <linux/futex.h>
#include <sched.h>
#include <unistd.h>

namespace {

using namespace kettle::green;

libc_function<pid_t()> next_gettid{"gettid"};

long wait_on_word(const int* word, int operation, int expected, const timespec* timeout,
                  std::uint32_t mask) {
  bool absolute = (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
  clockid_t clock = operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  nanoseconds until = !timeout   ? never
                      : absolute ? moment_of(clock, *timeout)
                                 : after(duration_of(*timeout));
  if (until < 0) return -EINVAL;
  // A word that processes share is changed by those who do not come by here: looked at again soon.
  bool shared = !(operation & FUTEX_PRIVATE_FLAG);
  nanoseconds look = shared ? after(1'000'000) : never;
  lot_ticket ticket(word, "futex", false, mask);
  auto& value = *reinterpret_cast<const kettle::atomic<int>*>(word);
  if (value.load(kettle::seq_cst) != expected) return -EAGAIN;  // after the ticket is in the lot
  wake w = ticket.wait_once(look < until ? look : until, true);
  if (w == wake::granted) return 0;
  if (w == wake::interrupted) return -EINTR;
  return look < until ? 0 : -ETIMEDOUT;
}

bool is_ours(int operation) noexcept {
  switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAKE:
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAKE_BITSET: return true;
    default: return false;
  }
}

long futex(long number, const long (&a)[6]) {
  int operation = int(a[1]);
  auto* word = reinterpret_cast<const int*>(a[0]);
  int command = operation & FUTEX_CMD_MASK;
  bool masked = command == FUTEX_WAIT_BITSET || command == FUTEX_WAKE_BITSET;
  std::uint32_t mask = masked ? std::uint32_t(a[5]) : ~0u;
  if (may_park() && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET))
    return wait_on_word(word, operation, int(a[2]), reinterpret_cast<const timespec*>(a[3]), mask);
  long woken = 0;
  if (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET)
    woken = lot_wake(word, unsigned(a[2]), mask);
  if (woken >= a[2] && woken > 0) return woken;
  long r = kettle::sys::raw_call6(number, a[0], a[1], a[2] - woken, a[3], a[4], a[5]);
  return r < 0 ? r : r + woken;
}

}  // namespace

KETTLE_GREEN_HOOK long syscall(long number, ...) noexcept {
  long a[6];
  va_list list;
  va_start(list, number);
  for (long& x : a) x = va_arg(list, long);
  va_end(list);
  if (number == SYS_futex && is_ours(int(a[1]))) return as_libc(futex(number, a));
  if (self) {
    if (number == SYS_gettid) return self->id;
    if (number == SYS_sched_yield) return ::sched_yield();
  }
  return as_libc(kettle::sys::raw_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

KETTLE_GREEN_HOOK pid_t gettid() noexcept { return self ? self->id : next_gettid(); }
