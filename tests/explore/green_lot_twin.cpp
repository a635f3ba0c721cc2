// The parking lot of extras/green, which knows nothing of the explorer: its file is compiled once
// more, with a carrier of one fiber in place of the scheduler, and the loops' side as it is.

#include "twin.hpp"

#include "green/engine.hpp"
#include "green/host.hpp"
#include "green/lot.hpp"
#include "green/scheduler.hpp"
#include "sys/futex.hpp"

#include <cstring>
#include <deque>

namespace kettle::inline KETTLE_ABI::green {

__thread fiber* self __attribute__((tls_model("initial-exec"))) = nullptr;  // of inline functions
scheduler here;
constinit atomic<const host*> present_host{nullptr};
void kettle_green_attach(const host* h) noexcept { present_host.store(h, relaxed); }

namespace {

// Thread-local for the threads that are played: in a place that nobody else uses here.
fiber* self_here() noexcept { return static_cast<fiber*>(tls.worker); }

// The scheduler's steps for one fiber.
struct carrier {
  atomic<fiber*> mails{nullptr};
  atomic<std::uint32_t> bell{0};
};
carrier* the_carrier = nullptr;

}  // namespace

void engine_ring_bell() noexcept {
  the_carrier->bell.fetch_add(1, release);
  sys::futex_wake(the_carrier->bell);
}

void unpark(fiber& f, wake why) noexcept {
  if (f.now != fiber::state::parked) return;
  f.woken_by = why;
  f.now = fiber::state::ready;
}

void unpark_from_anywhere(fiber& f) noexcept {
  auto& mails = the_carrier->mails;
  fiber* head = mails.load(relaxed);
  do f.mail_next = head;
  while (!mails.compare_exchange_weak(head, &f, release, relaxed));
  engine_ring_bell();
}

wake park(nanoseconds until, bool interruptible) noexcept {
  fiber& me = *self_here();
  me.now = fiber::state::parked;
  me.interruptible = interruptible;
  while (me.now == fiber::state::parked) {
    std::uint32_t rung = the_carrier->bell.load(acquire);
    for (fiber* f = the_carrier->mails.exchange(nullptr, acquire); f; f = f->mail_next) {
      f->mailed = true;
      unpark(*f, wake::granted);
    }
    if (me.now != fiber::state::parked) break;
    if (sys::futex_wait(the_carrier->bell, rung, time_point(duration(until))) == -ETIMEDOUT)
      unpark(me, wake::timed_out);
  }
  me.now = fiber::state::running;
  return me.woken_by;
}

}  // namespace kettle::inline KETTLE_ABI::green

#define self self_here()
#define __builtin_ia32_pause() sys::relax()
// NOLINTBEGIN(bugprone-suspicious-include)
#include "green/lot.cpp"
#undef self
#undef __builtin_ia32_pause
#include "green/loop/loop_host.cpp"
// NOLINTEND(bugprone-suspicious-include)

namespace kettle::twins {

namespace {

using namespace green;

// What a waker sees of somebody who waits in a loop. It stays to the schedule's end, so that a
// waker who comes too late is a failure and no crash.
struct watched_wait final : host_wait {
  explicit watched_wait(host_wait& w) : real(&w) {}
  bool claim() noexcept override {
    testing::check(real, "who is woken waits still");
    return real->claim();
  }
  void unpark() noexcept override { real->unpark(); }
  host_wait* real;
};

// The lot is there for the whole program; each schedule begins with an empty one.
struct empty_lot {
  empty_lot() {
    std::memset(static_cast<void*>(green::lot), 0, sizeof green::lot);
    here.busy = here.disturbed = false;
    the_carrier = &its_carrier;
    present_host.store(&coroutines, relaxed);
    present = this;
  }
  carrier its_carrier;
  std::deque<watched_wait> waits;
  static inline empty_lot* present = nullptr;

  // A loop in which a coroutine waits: it sleeps in the kernel. (One whose fiber does looks about
  // every 100 ms whether it stands still, for ever: no end of a schedule.)
  static const host coroutines;
};

struct watched_desk final : host_desk {
  explicit watched_desk(host_desk& d) : real(d) {}
  bool publish(host_wait* w) noexcept override {
    if (!w) return real.publish(nullptr);
    last = &empty_lot::present->waits.emplace_back(*w);
    return real.publish(last);
  }
  host_desk& real;
  watched_wait* last = nullptr;
};

const host empty_lot::coroutines{
    nullptr, nullptr,
    [](host_desk& desk, nanoseconds until, const char*, bool) noexcept {
      watched_desk watched(desk);
      green::wake w = green::block(watched, until);
      watched.last->real = nullptr;
      return w;
    },
    nullptr};

// A mutex like libc's, and the lock and unlock of hook_mutex.cpp on top of it.
struct mutex_word {
  atomic<int> held{0};
  testing::var<int> guarded;

  bool try_lock() { return held.exchange(1, acquire) == 0; }
  bool lock(nanoseconds until = green::never) {
    if (try_lock()) return true;
    lot_ticket ticket(this, "lock");
    while (!try_lock())
      if (ticket.wait(until) == green::wake::timed_out) return false;
    return true;
  }
  void unlock() {
    held.exchange(0, release);
    lot_wake(this, 1);
  }
  void add() { guarded = guarded + 1; }
};

// So far that only the explorer's clock comes there.
nanoseconds in_an_hour() noexcept {
  return sys::monotonic_now().time_since_epoch().count() + 3'600'000'000'000;
}

// A thread of the program as a fiber on its carrier.
struct fiber_thread {
  fiber me;
  fiber_thread() {
    tls.worker = &me;
    me.now = fiber::state::running;
  }
  ~fiber_thread() { tls.worker = nullptr; }
};

}  // namespace

}  // namespace kettle::twins

TWIN(green_lot, a_lock_goes_from_one_loop_to_the_other) {
  empty_lot lot;
  mutex_word m;
  auto visit = [&] {
    m.lock();
    m.add();
    m.unlock();
  };
  testing::thread one("one loop", visit);
  testing::thread other("other loop", visit);
  one.join();
  other.join();
  testing::check(m.guarded == 2, "each was in alone");
}

TWIN(green_lot, a_fiber_gets_the_lock_that_a_thread_leaves) {
  empty_lot lot;
  mutex_word m;
  m.try_lock();
  testing::thread carrier("carrier", [&] {
    fiber_thread f;
    m.lock();
    m.add();
    m.unlock();
  });
  m.add();
  m.unlock();
  carrier.join();
  testing::check(m.guarded == 2, "each was in alone");
}

TWIN(green_lot, a_fiber_and_a_loop_wait_for_one_lock) {
  empty_lot lot;
  mutex_word m;
  m.try_lock();
  testing::thread carrier("carrier", [&] {
    fiber_thread f;
    m.lock();
    m.unlock();
  });
  testing::thread loop("loop", [&] {
    m.lock();
    m.unlock();
  });
  m.unlock();
  carrier.join();
  loop.join();
  testing::check(m.try_lock(), "nobody is left, and nobody has it");
}

// A wake-up for one whose time is just over belongs to the next in line.
TWIN(green_lot, who_gives_up_in_a_loop_hands_its_wake_up_on) {
  empty_lot lot;
  mutex_word m;
  m.try_lock();
  testing::thread hasty("hasty", [&] {
    if (m.lock(in_an_hour())) m.unlock();
  });
  testing::thread patient("patient", [&] {
    m.lock();
    m.unlock();
  });
  m.unlock();
  hasty.join();
  patient.join();
}

TWIN(green_lot, a_fiber_that_gives_up_hands_its_wake_up_on) {
  empty_lot lot;
  mutex_word m;
  m.try_lock();
  testing::thread hasty("hasty carrier", [&] {
    fiber_thread f;
    if (m.lock(in_an_hour())) m.unlock();
  });
  testing::thread patient("patient loop", [&] {
    m.lock();
    m.unlock();
  });
  m.unlock();
  hasty.join();
  patient.join();
}

// Who got what he wanted without being woken may be chosen for the next wake-up before he has left.
TWIN(green_lot, a_wake_up_that_is_not_needed_goes_on) {
  empty_lot lot;
  atomic<int> permits{0};
  auto takes = [&] {
    auto try_take = [&] {
      int n = permits.load(relaxed);
      while (n > 0)
        if (permits.compare_exchange_weak(n, n - 1, acquire, relaxed)) return true;
      return false;
    };
    lot_ticket ticket(&permits, "take");
    while (!try_take()) ticket.wait(green::never);
  };
  testing::thread one("one", takes);
  testing::thread other("other", takes);
  for (int i = 0; i < 2; i++) {
    permits.fetch_add(1, release);
    lot_wake(&permits, 1);
  }
  one.join();
  other.join();
  testing::check(permits.load(relaxed) == 0, "one each");
}

// As a condition: what is granted by being woken, to those it is meant for.
TWIN(green_lot, a_wake_reaches_whom_it_is_meant_for) {
  empty_lot lot;
  atomic<int> key{0};
  atomic<std::uint32_t> in{0};
  auto waits = [&](std::uint32_t mask) {
    lot_ticket ticket(&key, "wait", false, mask);
    in.fetch_add(1, release);
    sys::futex_wake(in);
    testing::check(ticket.wait_once(green::never) == green::wake::granted, "it is woken");
  };
  testing::thread one("one", [&] { waits(0b01); });
  testing::thread other("other", [&] { waits(0b10); });
  for (std::uint32_t n; (n = in.load(acquire)) < 2;) sys::futex_wait(in, n);
  if (testing::choose(2)) {
    testing::check(lot_wake(&key, everybody, 0b10) == 1, "one of that kind");
    other.join();
  } else {
    testing::check(lot_wake(&key, 1) == 1, "one of both");
  }
  testing::check(lot_wake(&key, everybody) == 1, "the other is there still");
  one.join();
  other.join();
  testing::check(lot_wake(&key, 1) == 0, "and then nobody");
}
