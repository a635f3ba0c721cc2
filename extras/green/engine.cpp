#include "green/engine.hpp"

#include "green/memory.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

bool by_ring = false;
int bell = -1;

// The poll engine: the array the kernel wants, and beside it whose entry it is. Entry 0 is the
// bell.
pollfd* polled = nullptr;
watch** owners = nullptr;
std::uint32_t used = 0;
std::uint32_t room = 0;

// Watches by descriptor, for close().
constexpr std::uint32_t buckets = 1024;
watch* by_fd[buckets];
std::uint32_t watches = 0;

bool make_room() noexcept {
  if (used < room) return true;
  std::uint32_t more = room ? room * 2 : 4096;
  auto* p = static_cast<pollfd*>(take_pages(more * sizeof(pollfd)));
  auto* o = static_cast<watch**>(take_pages(more * sizeof(watch*)));
  if (!p || !o) return false;
  for (std::uint32_t i = 0; i < used; i++) p[i] = polled[i], o[i] = owners[i];
  if (room) {
    sys::raw_call(SYS_munmap, polled, room * sizeof(pollfd));
    sys::raw_call(SYS_munmap, owners, room * sizeof(watch*));
  }
  polled = p, owners = o, room = more;
  return true;
}

void drain_bell() noexcept {
  std::uint64_t count;
  sys::raw_read(bell, &count, sizeof count);
}

void poll_watch(watch& w) noexcept {
  if (!make_room()) return watch_found(w, POLLERR);
  w.index = used++;
  polled[w.index] = {w.fd, w.events, 0};
  owners[w.index] = &w;
}

void poll_forget(watch& w) noexcept {
  std::uint32_t last = --used;
  polled[w.index] = polled[last];
  owners[w.index] = owners[last];
  owners[w.index]->index = w.index;
}

bool poll_wait(nanoseconds until) noexcept {
  timespec left{}, *limit = nullptr;
  if (until != never) {
    nanoseconds n = until - monotonic_now();
    if (n > 0) left = {n / 1'000'000'000, n % 1'000'000'000};
    limit = &left;
  }
  long r = sys::raw_call(SYS_ppoll, polled, used, limit, 0L, 8L);
  if (r <= 0) return r != -EINTR;
  if (polled[0].revents) drain_bell();
  for (std::uint32_t i = 1; i < used; i++)
    if (polled[i].revents) watch_found(*owners[i], polled[i].revents);
  return true;
}

}  // namespace

nanoseconds monotonic_now() noexcept {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);  // the vDSO: neither a system call nor a lock
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

int engine_start(bool allow_ring) noexcept {
  long fd = sys::raw_call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return int(-fd);
  bell = int(fd);
  by_ring = allow_ring && ring_start() == 0;
  if (by_ring) return 0;
  if (!make_room()) return ENOMEM;
  static watch nobody;
  polled[0] = {bell, POLLIN, 0};
  owners[0] = &nobody;
  used = 1;
  return 0;
}

bool engine_can_receive() noexcept { return by_ring; }
const char* engine_name() noexcept { return by_ring ? "io_uring" : "poll"; }

void watch_found(watch& w, int poll_result) noexcept {
  w.found = short(poll_result);
  if (w.found == 0) w.found = POLLERR;
  unpark(w.who, wake::granted);
}

void engine_watch(watch& w) noexcept {
  watch*& first = by_fd[unsigned(w.fd) % buckets];
  w.before_of_fd = nullptr;
  w.next_of_fd = first;
  if (first) first->before_of_fd = &w;
  first = &w;
  watches++;
  by_ring ? ring_watch(w) : poll_watch(w);
}

void engine_forget(watch& w) noexcept {
  if (w.before_of_fd)
    w.before_of_fd->next_of_fd = w.next_of_fd;
  else
    by_fd[unsigned(w.fd) % buckets] = w.next_of_fd;
  if (w.next_of_fd) w.next_of_fd->before_of_fd = w.before_of_fd;
  watches--;
  by_ring ? ring_forget(w) : poll_forget(w);
}

bool engine_has_watches() noexcept { return watches > 0; }

bool engine_wait(nanoseconds until) noexcept {
  if (!by_ring) return poll_wait(until);
  bool rang = false;
  bool quiet = ring_wait(until, bell, rang);
  if (rang) drain_bell();
  return quiet;
}

void engine_look() noexcept { engine_wait(0); }

void engine_ring_bell() noexcept {
  std::uint64_t one = 1;
  sys::raw_write(bell, &one, sizeof one);
}

void engine_closing(int fd) noexcept {
  for (watch* w = by_fd[unsigned(fd) % buckets]; w; w = w->next_of_fd)
    if (w->fd == fd && w->found == 0) watch_found(*w, POLLNVAL);
}

}  // namespace kettle::inline KETTLE_ABI::green
