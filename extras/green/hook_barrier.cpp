// Barriers: in libc's layout, but ours for whoever comes, so that fibers and threads meet at one.
// One that processes share stays libc's, and a real thread waits at it.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/offload.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <climits>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>

namespace {

using namespace kettle::green;
namespace sys = kettle::sys;

libc_function<int(pthread_barrier_t*)> next_wait{"pthread_barrier_wait"};
libc_function<int(pthread_barrier_t*)> next_destroy{"pthread_barrier_destroy"};

// What pthread_barrier_init() has filled in.
struct barrier {
  kettle::atomic<std::uint64_t> arrived;  // low half: in this round; high half: the rounds over
  unsigned count;
  int shared;
  kettle::atomic<unsigned> left;  // in all rounds: who has been counted looks no more

  unsigned rounds() const noexcept { return unsigned(arrived.load(kettle::seq_cst) >> 32); }
};
static_assert(sizeof(barrier) <= sizeof(pthread_barrier_t));

barrier& ours(pthread_barrier_t* b) noexcept { return *reinterpret_cast<barrier*>(b); }

void wait_for_the_end_of(barrier& b, unsigned round) noexcept {
  auto* word = reinterpret_cast<unsigned*>(b.arrived.address()) + 1;
  if (!may_park()) {
    while (b.rounds() == round) sys::raw_futex(word, FUTEX_WAIT_PRIVATE, round);
    return;
  }
  lot_ticket ticket(&b, "pthread_barrier_wait");
  while (b.rounds() == round) ticket.wait(never);
}

// seq_cst: the lot is looked at after the word is changed.
bool arrive(barrier& b) noexcept {
  std::uint64_t seen = b.arrived.load(kettle::relaxed), next;
  bool last;
  do {
    last = unsigned(seen) + 1 == b.count;
    next = last ? ((seen >> 32) + 1) << 32 : seen + 1;
  } while (!b.arrived.compare_exchange_weak(seen, next, kettle::seq_cst, kettle::relaxed));
  if (last) {
    lot_wake(&b, everybody);
    sys::raw_futex(reinterpret_cast<unsigned*>(b.arrived.address()) + 1, FUTEX_WAKE_PRIVATE,
                   INT_MAX);
  } else {
    wait_for_the_end_of(b, unsigned(seen >> 32));
  }
  b.left.fetch_add(1, kettle::release);
  return last;
}

}  // namespace

KETTLE_GREEN_HOOK int pthread_barrier_wait(pthread_barrier_t* b) noexcept {
  if (!ours(b).shared) return arrive(ours(b)) ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
  if (!may_park()) return next_wait(b);
  return offload("pthread_barrier_wait", [b] { return next_wait(b); });
}
KETTLE_GREEN_HOOK int pthread_barrier_destroy(pthread_barrier_t* b) noexcept {
  barrier& mine = ours(b);
  if (mine.shared) return next_destroy(b);
  // acquire: what the last of them did with the barrier is over.
  while (mine.left.load(kettle::acquire) != mine.rounds() * mine.count) ::sched_yield();
  return 0;
}
