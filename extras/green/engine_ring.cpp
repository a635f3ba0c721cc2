// io_uring without libc: sys::ring does the same through libc, which a fiber's scheduler may not
// enter.

#include "green/engine.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cerrno>

#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sys/mman.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

using word = atomic<std::uint32_t>;  // shared with the kernel

constexpr std::uint64_t nobody = 0;     // a completion nobody waits for
constexpr std::uint64_t bell_mark = 1;  // watches are aligned, so no address is odd

struct {
  int fd = -1;
  bool bell_armed = false;
  word *sq_head, *sq_tail, *sq_flags, *cq_head, *cq_tail;
  io_uring_sqe* entries;
  io_uring_cqe* completions;
  std::uint32_t sq_mask, cq_mask, sq_size;
  std::uint32_t tail = 0, submitted = 0;
} ring;

long set_up(io_uring_params& p) noexcept {
  constexpr unsigned steps[] = {
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,  // 6.1
      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,                                // 5.19
      0,
  };
  long r = -EINVAL;
  for (unsigned flags : steps) {
    p = {};
    p.flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE | flags;
    p.cq_entries = 8192;
    r = sys::raw_call(SYS_io_uring_setup, 512, &p);
    if (r != -EINVAL) break;
  }
  return r;
}

void* map(std::size_t bytes, unsigned long long offset) noexcept {
  long p = sys::raw_call(SYS_mmap, 0L, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                         ring.fd, offset);
  return p < 0 && p > -4096 ? nullptr : reinterpret_cast<void*>(p);
}

// The kernel reads the entries once it has seen the tail: release.
long enter(unsigned wait_for, unsigned flags, const void* argument, std::size_t size) noexcept {
  ring.sq_tail->store(ring.tail, release);
  long r = sys::raw_call(SYS_io_uring_enter, ring.fd, ring.tail - ring.submitted, wait_for,
                         flags | IORING_ENTER_GETEVENTS, argument, size);
  ring.submitted = ring.sq_head->load(acquire);
  return r;
}

io_uring_sqe& prepare(unsigned op, int fd, std::uint64_t mark) noexcept {
  while (ring.tail - ring.sq_head->load(acquire) >= ring.sq_size) enter(0, 0, nullptr, 0);
  io_uring_sqe& e = ring.entries[ring.tail++ & ring.sq_mask];
  e = {};
  e.opcode = std::uint8_t(op);
  e.fd = fd;
  e.user_data = mark;
  return e;
}

bool take_completions() noexcept {
  bool rang = false;
  std::uint32_t head = ring.cq_head->load(relaxed);  // only we write it
  while (head != ring.cq_tail->load(acquire)) {
    const io_uring_cqe& c = ring.completions[head & ring.cq_mask];
    std::uint64_t mark = c.user_data;
    int result = c.res;
    ring.cq_head->store(++head, release);
    if (mark == nobody) continue;
    if (mark == bell_mark) {
      ring.bell_armed = false;
      rang = true;
      continue;
    }
    auto& w = *reinterpret_cast<watch*>(mark);
    w.armed = false;
    if (w.into) {
      w.into->result = result;
      w.found = POLLIN;
      if (!w.withdrawn) unpark(w.who, wake::granted);
      continue;
    }
    if (w.withdrawn) continue;
    watch_found(w, result >= 0 ? result : result == -EBADF ? POLLNVAL : POLLERR);
  }
  return rang;
}

bool rang_early = false;  // seen while something else was waited for

}  // namespace

int ring_start() noexcept {
  io_uring_params p;
  long r = set_up(p);
  if (r < 0) return int(-r);
  ring.fd = int(r);
  constexpr unsigned needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
  std::size_t sq = p.sq_off.array + p.sq_entries * sizeof(std::uint32_t);
  std::size_t cq = p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe);
  auto* rings = static_cast<char*>(map(sq > cq ? sq : cq, IORING_OFF_SQ_RING));
  ring.entries =
      static_cast<io_uring_sqe*>(map(p.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
  if ((p.features & needed) != needed || !rings || !ring.entries) {
    sys::raw_close(ring.fd);
    return ENOSYS;
  }
  auto at = [rings](std::uint32_t offset) { return reinterpret_cast<word*>(rings + offset); };
  ring.sq_head = at(p.sq_off.head);
  ring.sq_tail = at(p.sq_off.tail);
  ring.sq_flags = at(p.sq_off.flags);
  ring.sq_mask = at(p.sq_off.ring_mask)->load(relaxed);
  ring.sq_size = p.sq_entries;
  ring.cq_head = at(p.cq_off.head);
  ring.cq_tail = at(p.cq_off.tail);
  ring.cq_mask = at(p.cq_off.ring_mask)->load(relaxed);
  ring.completions = reinterpret_cast<io_uring_cqe*>(at(p.cq_off.cqes));
  word* array = at(p.sq_off.array);
  for (std::uint32_t i = 0; i < p.sq_entries; i++) array[i].store(i, relaxed);
  return 0;
}

void ring_watch(watch& w) noexcept {
  w.armed = true;
  w.withdrawn = false;
  auto mark = reinterpret_cast<std::uint64_t>(&w);
  io_uring_sqe& e = prepare(w.into ? IORING_OP_RECV : IORING_OP_POLL_ADD, w.fd, mark);
  if (!w.into) {
    e.poll32_events = std::uint32_t(std::uint16_t(w.events));
    return;
  }
  e.addr = reinterpret_cast<std::uint64_t>(w.into->data);
  e.len = w.into->size;
  e.msg_flags = std::uint32_t(w.into->flags);
}

void ring_forget(watch& w) noexcept {
  if (!w.armed) return;
  w.withdrawn = true;
  prepare(IORING_OP_ASYNC_CANCEL, -1, nobody).addr = reinterpret_cast<std::uint64_t>(&w);
  // The kernel may write to the watch's mark until its own completion has been seen.
  while (w.armed) {
    enter(1, 0, nullptr, 0);
    rang_early |= take_completions();
  }
}

bool ring_wait(nanoseconds until, int bell, bool& rang) noexcept {
  if (!ring.bell_armed) {
    ring.bell_armed = true;
    prepare(IORING_OP_POLL_ADD, bell, bell_mark).poll32_events = POLLIN;
  }
  long r = 0;
  if (until == 0 || rang_early) {
    r = enter(0, 0, nullptr, 0);
  } else if (until == never) {
    r = enter(1, 0, nullptr, 0);
  } else {
    nanoseconds left = until - monotonic_now();
    if (left < 0) left = 0;
    __kernel_timespec relative{left / 1'000'000'000, left % 1'000'000'000};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uint64_t>(&relative);
    r = enter(1, IORING_ENTER_EXT_ARG, &argument, sizeof argument);
  }
  std::uint32_t before = ring.cq_head->load(relaxed);
  rang = take_completions() || rang_early;
  rang_early = false;
  // With something to submit the kernel tells how much it took, and not that a signal came.
  bool nothing = before == ring.cq_head->load(relaxed) && !rang;
  return r != -EINTR && !(r > 0 && nothing && until != 0 && monotonic_now() < until);
}

}  // namespace kettle::inline KETTLE_ABI::green
