// The loop's side of extras/green: a blocking function of libc, called in a fiber of a kettle loop,
// parks that fiber.
//
// Linking this object is all a program does. The call obeys the scope it runs in: it returns -1
// with ECANCELED, or ETIMEDOUT when a deadline ended it, and nothing is ever thrown through the C
// code that made it. Locks are waited for to the end; but in a run that stands still for good, when
// cancelling it has not helped, one after the other fails with EDEADLK. In a coroutine, which
// cannot park in the middle of a call, it blocks, and that is said on standard error once for each
// function.
// Limits: the fibers of a loop share their thread's thread-locals and its owner's number, so a
// recursive mutex does not tell them apart; under the virtual clock libc waits in real time.

#include "green/host.hpp"

#include "core/home.hpp"
#include "sys/futex.hpp"
#include "sys/outsiders.hpp"
#include "sys/raw.hpp"

#include <kettle/base/error.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/core/wait_point.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/io/pipe.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

bool can_park() noexcept {
  context* c = tls.current;
  // The context of a thread is its own: it may block. In the midst of a wait the library itself
  // calls libc, and never waits there.
  if (!c || c->waiting_) return false;
  return std::strcmp(c->kind_->name, "fiber") == 0 || std::strcmp(c->kind_->name, "coroutine") == 0;
}

nanoseconds now() noexcept {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

void report(const char* what) noexcept {
  // One line for each function; a race would say it twice.
  static const char* said[64];
  static atomic<unsigned> count{0};
  unsigned n = count.load(relaxed);
  for (unsigned i = 0; i < n && i < 64; i++)
    if (std::strcmp(said[i], what) == 0) return;
  if (n >= 64) return;
  said[n] = what;
  count.store(n + 1, relaxed);
  char line[200];
  int size =
      std::snprintf(line, sizeof line,
                    "kettle green: a coroutine blocks in %s, and its loop with it: give it a "
                    "place, on_fiber or on_thread\n",
                    what);
  sys::raw_write(2, line, static_cast<unsigned long>(size));
}

int block(pollfd* fds, unsigned long count, nanoseconds until) noexcept {
  timespec left{}, *limit = nullptr;
  if (until != INT64_MAX) {
    nanoseconds n = until - now();
    if (n > 0) left = {n / 1'000'000'000, n % 1'000'000'000};
    limit = &left;
  }
  long r = sys::raw_call(SYS_ppoll, fds, count, limit, 0L, 8L);
  return r > 0 ? 0 : r == 0 ? EAGAIN : int(-r);
}

// Several descriptors as one: an epoll that is ready when one of them is.
struct gathered {
  int fd = int(sys::raw_call(SYS_epoll_create1, EPOLL_CLOEXEC));
  gathered(const pollfd* fds, unsigned long count) noexcept {
    for (unsigned long i = 0; i < count; i++) {
      epoll_event e{std::uint32_t(std::uint16_t(fds[i].events)), {}};
      if (fds[i].fd >= 0) sys::raw_call(SYS_epoll_ctl, fd, EPOLL_CTL_ADD, fds[i].fd, &e);
    }
  }
  ~gathered() { sys::raw_close(fd); }
};

// True: ready. Throws what kettle's waits throw.
bool wait_until(int fd, short events, nanoseconds until) {
  if (until == INT64_MAX) {
    if (fd < 0)
      sleep_forever().get();
    else
      ready_operation(fd, std::uint32_t(std::uint16_t(events))).get();
    return true;
  }
  duration left(until > now() ? until - now() : 0);
  if (fd >= 0)
    return move_on_after(left, ready_operation(fd, std::uint32_t(std::uint16_t(events)))).get();
  sleep_for(left).get();
  return false;
}

int wait_for(pollfd* fds, unsigned long count, nanoseconds until) {
  unsigned long real = 0, last = 0;
  for (unsigned long i = 0; i < count; i++)
    if (fds[i].fd >= 0) real++, last = i;
  if (real <= 1) {
    int fd = real ? fds[last].fd : -1;
    return wait_until(fd, real ? fds[last].events : short(0), until) ? 0 : EAGAIN;
  }
  gathered all(fds, count);
  return wait_until(all.fd, POLLIN, until) ? 0 : EAGAIN;
}

int wait(pollfd* fds, unsigned long count, nanoseconds until, waits how,
         const char* what) noexcept {
  context& c = *tls.current;
  if (!c.can_block()) {
    if (until > now()) report(what);
    return block(fds, count, until);
  }
  try {
    if (how == waits::obey_scope) return wait_for(fds, count, until);
    int r = EAGAIN;
    shielded(duration::max(), [&] { r = wait_for(fds, count, until); }).get();
    return r;
  } catch (const cancelled& why) {
    return std::strcmp(why.reason, "deadline") == 0 ? ETIMEDOUT : ECANCELED;
  } catch (const closed_resource&) {
    return 0;  // the call that is tried again says so
  } catch (...) {
    return 0;  // poll() itself will tell what is wrong with the descriptor
  }
}

// A fiber waits for an address: not cancellable, and any thread may end it.
class address_wait final : public operation<address_wait>, public host_wait, private timer {
 public:
  address_wait(host_desk& desk, nanoseconds until, const char* what, bool can_fail) noexcept
      : timer(fire), desk_(desk), until_(until), what_(what), can_fail_(can_fail) {
    abortable_ = false;
  }

  bool start() override {
    home& at = *who().at_;
    if (until_ != never) at.arm(*this, after(at.now(), duration(until_ - now())));
    at.open_waits.fetch_add(1, relaxed);
    if (desk_.publish(this)) return false;
    end_stay();
    return true;
  }
  void cancel() noexcept override {}
  void unlink() noexcept override {}
  const char* what() const noexcept override { return what_; }
  bool give_up() noexcept override { return can_fail_ && end_as(wake::hopeless); }
  wake finish() noexcept {
    desk_.publish(nullptr);
    end_stay();
    return outcome_;
  }

  bool claim() noexcept override { return grant(); }
  // By mail, on our own home too: it may be a signal handler that wakes us.
  void unpark() noexcept override {
    context& c = who();
    post(*c.at_, c);
  }

 private:
  static void fire(timer& t) noexcept { static_cast<address_wait&>(t).end_as(wake::timed_out); }
  bool end_as(wake w) noexcept {
    if (!grant()) return false;
    outcome_ = w;
    unpark();
    return true;
  }
  void end_stay() noexcept {
    home& at = *who().at_;
    at.open_waits.fetch_sub(1, relaxed);
    at.disarm(*this);
  }

  host_desk& desk_;
  nanoseconds until_;
  const char* what_;
  bool can_fail_;
  wake outcome_ = wake::granted;
};

struct blocked final : host_wait {
  bool claim() noexcept override { return true; }
  void unpark() noexcept override {
    rung.store(1, release);
    sys::futex_wake(rung);
  }
  bool wait(nanoseconds until) noexcept {
    while (rung.load(acquire) == 0)
      if (sys::futex_wait(rung, 0, time_point(duration(until))) == -ETIMEDOUT) return false;
    return true;
  }
  atomic<std::uint32_t> rung{0};
};

wake block(host_desk& desk, nanoseconds until) noexcept {
  blocked here;
  if (!desk.publish(&here) || here.wait(until)) return wake::granted;
  if (desk.publish(nullptr)) return wake::timed_out;
  here.wait(never);  // claimed meanwhile
  return wake::granted;
}

wake park(host_desk& desk, nanoseconds until, const char* what, bool can_fail) noexcept {
  if (!tls.current->can_block()) {
    report(what);
    return block(desk, until);
  }
  try {
    return address_wait(desk, until, what, can_fail).get();
  } catch (...) {
    return wake::interrupted;  // no memory for its timer: the caller tries again
  }
}

const host loop{can_park, wait, park, &sys::threads_at_rest};

// The child of a fork has its calling thread only, and the loop stays behind.
[[gnu::constructor]] void attach() {
  kettle_green_attach(&loop);
  ::pthread_atfork(nullptr, nullptr, [] { kettle_green_attach(nullptr); });
}

}  // namespace

}  // namespace kettle::inline KETTLE_ABI::green
