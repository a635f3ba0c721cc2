#pragma once
// Trying a call without waiting, and waiting for a descriptor when it would have to.
//
//   return as_libc(repeat(fd, POLLIN, "recv", receive_limit, [&] { return raw recv DONTWAIT; }));
//
// The descriptor's own flags are only read, and only when a call would wait: whoever set O_NONBLOCK
// gets EAGAIN. SO_RCVTIMEO and SO_SNDTIMEO hold, if any were ever set.
// Threads: fibers.

#include "green/hook.hpp"
#include "green/host.hpp"
#include "green/moments.hpp"
#include "green/scheduler.hpp"

#include <climits>

#include <poll.h>

namespace kettle::inline KETTLE_ABI::green {

enum class limit { none, receiving, sending };

bool is_nonblocking(int fd) noexcept;
bool is_file(int fd) noexcept;  // on a disk: always ready, and never worth waiting for
void note_socket_limits() noexcept;
nanoseconds moment_by(limit kind, int fd) noexcept;
bool is_ready(int fd, short events) noexcept;  // now

// Parks until poll() would report something. 0; EAGAIN: it is `until`; EINTR; and in a loop's fiber
// ECANCELED, or ETIMEDOUT by its scope's deadline. May unwind by pthread_cancel.
int wait_fd(int fd, short events, nanoseconds until, const char* what);
// recv() as one request, for a blocking socket that is known to be empty: a raw result, or
// `try_first`: it is being closed. May unwind by pthread_cancel.
long receive_when_ready(int fd, void* data, std::size_t size, int flags, const char* what);
inline constexpr long try_first = LONG_MIN;
// poll() itself: how many are ready, 0 at `until`, -EINTR.
int wait_fds(pollfd* fds, unsigned long count, nanoseconds until);  // or -ECANCELED, -ETIMEDOUT

// Parks until that moment: 0, or what ended it before, as above.
int sleep_until(nanoseconds until, const char* what);

void give_way() noexcept;  // lets the others have a turn

// Repeats `attempt`, which gives a raw result, while that is -EAGAIN.
template <class Attempt>
long repeat(int fd, short events, const char* what, limit kind, Attempt attempt) {
  nanoseconds until = -1;
  for (;;) {
    long r = attempt();
    if (r != -EAGAIN) {
      count_success();
      return r;
    }
    if (until < 0) {
      if (is_nonblocking(fd)) return r;
      until = moment_by(kind, fd);
    }
    int failed = wait_fd(fd, events, until, what);
    if (failed && !(until == never && is_restarted(failed))) return -failed;  // EAGAIN: SO_RCVTIMEO
  }
}

}  // namespace kettle::inline KETTLE_ABI::green
