// How it works: what is ready is done by a plain system call (try_now), what has to wait becomes
// one entry of the ring; entries are submitted together by the next poll(), whose one system call
// also waits. The user_data of an entry is its request's address, tagged.
//
// A cancelled request stays the kernel's until its completion comes: the completion decides what
// happened.
//
// Written pipes and terminals are polled in the ring and written by a plain call: a write in the
// ring would raise SIGPIPE in whoever enters it, and block a kernel worker that nothing can
// interrupt.

#include "loop/backend_uring.hpp"

#include "loop/attempt.hpp"
#include "loop/kernel_backend.hpp"
#include "loop/request_list.hpp"
#include "sys/ring.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/error.hpp>

#include <vector>

#include <poll.h>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr unsigned ring_entries = 256;

// io_request::mark
constexpr std::uint64_t mark_polling = 2;  // what the kernel has is a poll, the call itself follows
constexpr std::uint64_t mark_cancelled = 4;  // asked to end

// user_data
constexpr std::uint64_t no_one = 0;
constexpr std::uint64_t bell_tag = 2;
constexpr std::uint64_t polling_tag = 1;  // on a request's address

std::uint64_t name_of(const io_request& r) noexcept {
  return std::uint64_t(reinterpret_cast<std::uintptr_t>(&r)) |
         (r.mark & mark_polling ? polling_tag : 0);
}

struct slot {
  request_list waiting;
  bool empty_now = false;  // the last recv took everything: only a guess, it saves a call that
                           // would find nothing
  bool told_no = false;    // by that guess: who tries again wants to know
};

class uring_backend final : public kernel_backend {
 public:
  uring_backend() {
    if (!ring_) throw_io_error(ring_.error(), "io_uring_setup", "");
    if (!bell_) throw_io_error(bell_.error(), "eventfd", "");
  }

  backend_kind kind() const noexcept override { return backend_kind::io_uring; }
  bool try_now(io_request& r) noexcept override;
  void submit(io_request& r) noexcept override;
  void cancel(io_request& r) noexcept override;
  void poll(time_point until) override;
  int socket(int domain, int type) noexcept override;
  int close(int fd) noexcept override;

 private:
  struct completion {
    std::uint64_t name;
    int result;
    std::uint32_t flags;
  };

  slot& slot_of(int fd) noexcept {
    std::size_t i = fd < 0 ? 0 : std::size_t(fd);  // the kernel will refuse it
    if (i >= slots_.size()) slots_.resize(i + 1);
    return slots_[i];
  }
  io_uring_sqe& prepare(unsigned op, int fd, std::uint64_t name) noexcept;
  void flush() noexcept;
  void set_aside() noexcept;
  void arm_bell() noexcept;
  void issue(io_request& r) noexcept;
  void issue_transfer(unsigned op, io_request& r) noexcept;
  void issue_poll_first(io_request& r) noexcept;
  void take(const completion& c) noexcept;
  void take_polled(io_request& r, int result) noexcept;
  void finish(io_request& r, int result) noexcept;

  sys::ring ring_{ring_entries};
  std::vector<slot> slots_;            // by descriptor
  std::vector<completion> set_aside_;  // taken from a ring that had to be emptied; looked at first
  bool bell_armed_ = false;
};

io_uring_sqe& uring_backend::prepare(unsigned op, int fd, std::uint64_t name) noexcept {
  io_uring_sqe* e;
  while (!(e = ring_.prepare(op, fd, name))) flush();
  return *e;
}

// Hands everything prepared to the kernel.
void uring_backend::flush() noexcept {
  while (ring_.unsubmitted() > 0) {
    int r = ring_.submit();
    KETTLE_ASSERT(r != -EEXIST && r != -EBADF, "an io_uring back end is used by one thread only");
    if (r == -EBUSY || r == -EAGAIN) {  // it wants completions to be taken before it takes more
      ring_.enter(0, always);
      set_aside();
    }
  }
}

void uring_backend::set_aside() noexcept {
  for (; const io_uring_cqe* c = ring_.front(); ring_.pop())
    set_aside_.push_back({c->user_data, c->res, c->flags});
}

void uring_backend::arm_bell() noexcept {
  bell_armed_ = true;
  io_uring_sqe& e = prepare(IORING_OP_POLL_ADD, bell_.get(), bell_tag);
  e.poll32_events = POLLIN;
  e.len = IORING_POLL_ADD_MULTI;
}

bool uring_backend::try_now(io_request& r) noexcept {
  if (r.kind == io_kind::connect) return false;  // the ring does the whole of it
  if (r.fd < 0) {
    r.result = -EBADF;
    return true;
  }
  slot& s = slot_of(r.fd);
  if (r.kind == io_kind::recv && s.empty_now && !s.told_no) {
    s.told_no = true;
    return false;
  }
  s.told_no = false;
  int result = attempt(
      r, sys::on_disk::refuse);  // what needs the disk need not stop us: the ring can wait for it
  if (result == would_wait) {
    if (r.kind == io_kind::recv) s.empty_now = true;
    return false;
  }
  if (r.kind == io_kind::recv && result > 0) s.empty_now = std::size_t(result) < r.size;
  r.result = result;
  if (r.kind == io_kind::accept && result >= 0) slot_of(result).empty_now = false;
  return true;
}

void uring_backend::submit(io_request& r) noexcept {
  pending_++;
  r.mark = 0;
  slot_of(r.fd).waiting.push_back(r);
  issue(r);
}

void uring_backend::issue_transfer(unsigned op, io_request& r) noexcept {
  io_uring_sqe& e = prepare(op, r.fd, name_of(r));
  e.addr = std::uint64_t(reinterpret_cast<std::uintptr_t>(r.data));
  e.len = std::uint32_t(sys::one_transfer(r.size));
  if (r.kind == io_kind::read || r.kind == io_kind::write) {
    e.off = std::uint64_t(r.offset);
    return;
  }
  e.msg_flags = r.kind == io_kind::send ? MSG_NOSIGNAL : 0;
  // 5.19 knows this flag, and so do all kernels that know COOP_TASKRUN or DEFER_TASKRUN.
  constexpr unsigned since_5_19 = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN;
  slot& s = slot_of(r.fd);
  if (r.kind == io_kind::recv && s.empty_now && (ring_.setup_flags() & since_5_19))
    e.ioprio = IORING_RECVSEND_POLL_FIRST;
  s.empty_now = s.told_no = false;
}

void uring_backend::issue_poll_first(io_request& r) noexcept {
  r.mark |= mark_polling;
  bool out = r.kind == io_kind::write || r.kind == io_kind::send || r.kind == io_kind::connect;
  prepare(IORING_OP_POLL_ADD, r.fd, name_of(r)).poll32_events = out ? POLLOUT : POLLIN;
}

void uring_backend::issue(io_request& r) noexcept {
  switch (r.kind) {
    case io_kind::recv: return issue_transfer(IORING_OP_RECV, r);
    case io_kind::send: return issue_transfer(IORING_OP_SEND, r);
    case io_kind::read: return issue_transfer(IORING_OP_READ, r);
    case io_kind::write:
      return sys::is_file(r.fd) ? issue_transfer(IORING_OP_WRITE, r) : issue_poll_first(r);
    case io_kind::accept:
      prepare(IORING_OP_ACCEPT, r.fd, name_of(r)).accept_flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
      return;
    case io_kind::connect: {
      io_uring_sqe& e = prepare(IORING_OP_CONNECT, r.fd, name_of(r));
      e.addr = std::uint64_t(reinterpret_cast<std::uintptr_t>(r.data));
      e.off = r.size;
      return;
    }
    case io_kind::poll:
      prepare(IORING_OP_POLL_ADD, r.fd, name_of(r)).poll32_events = r.flags;
      return;
  }
}

void uring_backend::cancel(io_request& r) noexcept {
  if (r.mark & mark_cancelled) return;
  r.mark |= mark_cancelled;
  // In the order of submission: it cannot reach a later request that happens to lie at the same
  // address.
  prepare(IORING_OP_ASYNC_CANCEL, -1, no_one).addr = name_of(r);
}

void uring_backend::finish(io_request& r, int result) noexcept {
  slot_of(r.fd).waiting.remove(r);
  if (r.kind == io_kind::accept && result >= 0) slot_of(result).empty_now = false;
  r.result = result;
  r.mark = 0;
  pending_--;
  r.done(r);
}

// The descriptor is ready, or the poll failed: now the call itself.
void uring_backend::take_polled(io_request& r, int result) noexcept {
  if (r.mark & mark_cancelled) return finish(r, -ECANCELED);
  if (result < 0) return finish(r, result);
  result = attempt(r);
  if (result == would_wait) return issue_poll_first(r);
  finish(r, result);
}

void uring_backend::take(const completion& c) noexcept {
  if (c.name == no_one) return;
  if (c.name == bell_tag) {
    if (!(c.flags & IORING_CQE_F_MORE)) bell_armed_ = false;
    return hush();
  }
  io_request& r = *reinterpret_cast<io_request*>(std::uintptr_t(c.name & ~polling_tag));
  if (c.name & polling_tag) return take_polled(r, c.result);
  int result = c.result;
  if (result == -EINTR || result == -EAGAIN) {
    // A worker was interrupted by our cancelling, or (older kernels, odd devices) it gave up
    // waiting.
    if (r.mark & mark_cancelled) return finish(r, -ECANCELED);
    if (r.kind != io_kind::connect && r.kind != io_kind::poll) return issue_poll_first(r);
    if (result == -EINTR) return issue(r);
  }
  if (r.kind == io_kind::recv && result > 0)
    slot_of(r.fd).empty_now = !(c.flags & IORING_CQE_F_SOCK_NONEMPTY);
  finish(r, result);
}

void uring_backend::poll(time_point until) {
  if (!bell_armed_) arm_bell();
  bool may_wait = until != always && set_aside_.empty() && !ring_.front();
  if (may_wait || ring_.unsubmitted() > 0 || ring_.has_deferred()) {
    int r = ring_.enter(may_wait ? 1 : 0, until);
    KETTLE_ASSERT(r != -EEXIST && r != -EBADF, "an io_uring back end is used by one thread only");
  }
  if (!set_aside_.empty()) {
    std::vector<completion> first;
    first.swap(set_aside_);
    for (const completion& c : first) take(c);
  }
  while (const io_uring_cqe* front = ring_.front()) {
    completion c{front->user_data, front->res, front->flags};
    ring_.pop();
    take(c);
  }
}

int uring_backend::socket(int domain, int type) noexcept {
  int fd = sys::open_socket(domain, type);
  if (fd >= 0) slot_of(fd).empty_now = false;
  return fd;
}

int uring_backend::close(int fd) noexcept {
  if (fd < 0) return -EBADF;
  slot& s = slot_of(fd);
  for (io_request* r = s.waiting.front(); r; r = request_list::after(*r)) cancel(*r);
  // Entries name the descriptor by its number: the kernel must have taken them before the number
  // goes.
  if (!s.waiting.empty()) flush();
  s.empty_now = false;
  return close_foreign(fd);
}

}  // namespace

std::unique_ptr<backend> make_uring_backend() { return std::make_unique<uring_backend>(); }

int uring_denied() noexcept {
  sys::ring probe(2);
  if (!probe) return probe.error();
  for (unsigned op : {IORING_OP_RECV, IORING_OP_SEND, IORING_OP_ACCEPT, IORING_OP_CONNECT,
                      IORING_OP_READ, IORING_OP_WRITE, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL})
    if (!probe.supports(op)) return EOPNOTSUPP;
  return 0;
}

}  // namespace kettle::inline KETTLE_ABI
