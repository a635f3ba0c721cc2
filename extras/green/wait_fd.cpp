#include "green/wait_fd.hpp"

#include "green/memory.hpp"

#include "sys/raw.hpp"

#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

// Whether any socket ever got a time limit: relaxed, the socket itself keeps it.
atomic<bool> limits_exist{false};

// Leaves the engine on every way out, cancellation too.
struct watching {
  watch* first;
  unsigned long count = 0;
  ~watching() {
    for (unsigned long i = 0; i < count; i++) engine_forget(first[i]);
  }
  void add(int fd, short events, receiving* into = nullptr) noexcept {
    watch& w = *::new (static_cast<void*>(first + count)) watch;
    count++;
    w.who = self;
    w.into = into;
    w.fd = fd;
    w.events = events;
    engine_watch(w);
  }
};

struct pages {
  void* at;
  std::size_t bytes;
  ~pages() { sys::raw_call(SYS_munmap, at, bytes); }
};

int park_for(nanoseconds until) {
  switch (park(until, true)) {
    case wake::granted: return 0;
    case wake::timed_out: return EAGAIN;
    default: break;
  }
  return EINTR;
}

int poll_now(pollfd* fds, unsigned long count) noexcept {
  return int(sys::raw_call(SYS_poll, fds, count, 0));
}

int wait_with(watch* room, pollfd* fds, unsigned long count, nanoseconds until) {
  watching all{room};
  for (unsigned long i = 0; i < count; i++)
    if (fds[i].fd >= 0) all.add(fds[i].fd, fds[i].events);
  return park_for(until);
}

}  // namespace

bool is_nonblocking(int fd) noexcept {
  long flags = sys::raw_call(SYS_fcntl, fd, F_GETFL);
  return flags < 0 || (flags & O_NONBLOCK);
}

bool is_file(int fd) noexcept {
  struct stat s;
  if (sys::raw_call(SYS_fstat, fd, &s) < 0) return true;
  return S_ISREG(s.st_mode) || S_ISBLK(s.st_mode) || S_ISDIR(s.st_mode);
}

void note_socket_limits() noexcept { limits_exist.store(true, relaxed); }

nanoseconds moment_by(limit kind, int fd) noexcept {
  if (kind == limit::none || !limits_exist.load(relaxed)) return never;
  timeval t{};
  socklen_t size = sizeof t;
  int option = kind == limit::receiving ? SO_RCVTIMEO : SO_SNDTIMEO;
  if (sys::raw_call(SYS_getsockopt, fd, SOL_SOCKET, option, &t, &size) < 0) return never;
  nanoseconds n = t.tv_sec * 1'000'000'000 + t.tv_usec * 1000;
  return n == 0 ? never : after(n);
}

bool is_ready(int fd, short events) noexcept {
  pollfd p{fd, events, 0};
  return poll_now(&p, 1) != 0;
}

int wait_fd(int fd, short events, nanoseconds until, const char* what) {
  pollfd p{fd, events, 0};
  if (!self) return wait_in_host(&p, 1, until, waits::obey_scope, what);
  test_cancel();
  self->waits_for = what;
  self->waited_for = fd;
  int r;
  {
    watch room[1];
    r = wait_with(room, &p, 1, until);
  }
  if (r == EINTR) test_cancel();
  return r;
}

long receive_when_ready(int fd, void* data, std::size_t size, int flags, const char* what) {
  constexpr std::size_t most = 1 << 30;
  receiving into{data, std::uint32_t(size < most ? size : most), flags, 0};
  nanoseconds until = moment_by(limit::receiving, fd);
  self->waits_for = what;
  for (;;) {
    into.result = -ECANCELED;
    int ended;
    {
      watch w;
      watching all{&w};
      all.add(fd, POLLIN, &into);
      ended = park_for(until);
    }
    // What came in the last moment counts.
    if (into.result != -ECANCELED && into.result != -EINTR) return into.result;
    if (ended == 0) return try_first;  // it is being closed
    if (ended == EINTR) test_cancel();
    if (until != never || !is_restarted(ended)) return -ended;
  }
}

int sleep_until(nanoseconds until, const char* what) {
  if (!self) {
    int r = wait_in_host(nullptr, 0, until, waits::obey_scope, what);
    return r == EAGAIN ? 0 : r;
  }
  test_cancel();
  self->waits_for = what;
  wake w = park(until, true);
  test_cancel();
  return w == wake::interrupted ? EINTR : 0;
}

void give_way() noexcept {
  if (self)
    yield();
  else
    wait_in_host(nullptr, 0, 0, waits::obey_scope, "sched_yield");
}

int wait_fds(pollfd* fds, unsigned long count, nanoseconds until) {
  test_cancel();
  for (;;) {
    int found = poll_now(fds, count);
    if (found != 0) {
      count_success();
      return found;
    }
    if (until != never && monotonic_now() >= until) {
      give_way();
      return 0;
    }
    about_to_wait("poll");
    int r;
    if (!self) {
      r = wait_in_host(fds, count, until, waits::obey_scope, "poll");
      if (r && r != EAGAIN) return -r;
    } else if (count <= 16) {
      watch room[16];
      r = wait_with(room, fds, count, until);
    } else {
      pages room{take_pages(count * sizeof(watch)), count * sizeof(watch)};
      if (!room.at) return -ENOMEM;
      r = wait_with(static_cast<watch*>(room.at), fds, count, until);
    }
    if (r == EINTR) {
      test_cancel();
      return -EINTR;
    }
  }
}

}  // namespace kettle::inline KETTLE_ABI::green
