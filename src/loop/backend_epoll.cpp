// How it works: a descriptor is registered once, edge-triggered, when the first request has to wait
// for it, and stays registered. Each has a slot with what is known of its readiness and a list of
// waiting requests; an event makes the requests try their system call again. A ready operation
// costs its own system call and nothing else.
//
// Two facts keep the number of calls at the hand-written loop's:
// - a short recv on a TCP socket means that it is empty now (epoll(7)): the next recv need not ask,
// the edge will
//   come. Not after a hang-up, which gives no second edge, nor with urgent data, at which a recv
//   stops short.
// - the slots are trusted only for sockets made here (`ours`), and until another loop closes any
//   descriptor: others may have been closed behind our back, and are registered anew for each wait.

#include "loop/backend_epoll.hpp"

#include "loop/attempt.hpp"
#include "loop/kernel_backend.hpp"
#include "loop/request_list.hpp"
#include "sys/epoll.hpp"

#include <kettle/base/error.hpp>

#include <vector>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::uint64_t mark_linked = 2;    // in its slot's list
constexpr std::uint64_t mark_finished = 4;  // in finished_
constexpr std::uint64_t bell_data = ~std::uint64_t(0);
constexpr std::uint32_t interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;

enum class direction : std::uint8_t { in, out, any };

constexpr direction direction_of(io_kind k) noexcept {
  switch (k) {
    case io_kind::recv:
    case io_kind::accept:
    case io_kind::read: return direction::in;
    case io_kind::send:
    case io_kind::connect:
    case io_kind::write: return direction::out;
    case io_kind::poll: break;
  }
  return direction::any;
}

struct slot {
  request_list waiting;
  std::uint32_t generation = 0;      // which life of this number an event belongs to
  std::uint32_t foreign_closes = 0;  // of the program, when it was registered
  bool registered : 1 = false;
  bool ours : 1 = false;  // made by socket() or accept here, so closed by close() here
  bool tcp : 1 =
      false;  // a short transfer means that no more is there (unix ones stop at passed files)
  bool odd : 1 = false;      // hung up, or urgent data: there it does not
  bool readable : 1 = true;  // may be; false: surely not before the next event
  bool writable : 1 = true;
  bool told_no : 1 = false;  // by try_now() without asking: who tries again wants to know
};

class epoll_backend final : public kernel_backend {
 public:
  epoll_backend() {
    if (!set_ || !bell_) throw_io_error(set_ ? bell_.error() : set_.error(), "epoll_create", "");
    int r = set_.add(bell_.get(), EPOLLIN | EPOLLET, bell_data);
    if (r < 0) throw_io_error(-r, "epoll_ctl", "");
  }

  backend_kind kind() const noexcept override { return backend_kind::epoll; }
  bool try_now(io_request& r) noexcept override;
  void submit(io_request& r) noexcept override;
  void cancel(io_request& r) noexcept override;
  void poll(time_point until) override;
  int socket(int domain, int type) noexcept override;
  int close(int fd) noexcept override;

 private:
  slot& slot_of(int fd) noexcept {
    if (std::size_t(fd) >= slots_.size()) slots_.resize(std::size_t(fd) + 1);
    return slots_[std::size_t(fd)];
  }
  void begin_life(int fd, bool tcp) noexcept;
  void end_life(slot& s) noexcept;
  static void learn(slot& s, const io_request& r, int result) noexcept;
  static bool surely_waits(const slot& s, io_kind k) noexcept;
  static bool trusted(const slot& s, io_kind k) noexcept {
    return s.registered && s.ours && s.foreign_closes == foreign_closes.load(relaxed) &&
           k != io_kind::poll;
  }
  int watch(slot& s, int fd) noexcept;
  void take_event(const epoll_event& e) noexcept;
  void finish(io_request& r, int result) noexcept;
  void report_finished() noexcept;

  sys::epoll set_;
  std::vector<slot> slots_;  // by descriptor
  request_list finished_;
};

void epoll_backend::begin_life(int fd, bool tcp) noexcept {
  slot& s = slot_of(fd);
  end_life(s);  // whoever had the number before closed it elsewhere
  s.ours = true;
  s.tcp = tcp;
}

void epoll_backend::end_life(slot& s) noexcept {
  while (io_request* r = s.waiting.pop_front()) finish(*r, -ECANCELED);
  s = slot{.waiting = {}, .generation = s.generation + 1};
}

// What the result of a system call tells about the next one.
void epoll_backend::learn(slot& s, const io_request& r, int result) noexcept {
  bool in = direction_of(r.kind) == direction::in, out = direction_of(r.kind) == direction::out;
  if (result == would_wait) {
    if (in) s.readable = false;
    if (out) s.writable = false;
  } else if (s.tcp && s.registered && !s.odd && result > 0 && std::size_t(result) < r.size) {
    if (r.kind == io_kind::recv) s.readable = false;
    if (r.kind == io_kind::send) s.writable = false;
  }
}

bool epoll_backend::surely_waits(const slot& s, io_kind k) noexcept {
  if (!trusted(s, k)) return false;
  return direction_of(k) == direction::in ? !s.readable : !s.writable;
}

bool epoll_backend::try_now(io_request& r) noexcept {
  if (r.fd < 0) {
    r.result = -EBADF;
    return true;
  }
  {
    slot& s = slot_of(r.fd);
    if (surely_waits(s, r.kind) && r.kind != io_kind::connect && !s.told_no) {
      s.told_no = true;
      return false;
    }
    s.told_no = false;
    int result = attempt(r);
    learn(s, r, result);
    if (result == would_wait) return false;
    r.result = result;
  }
  r.mark = 0;
  if (r.kind == io_kind::accept && r.result >= 0) begin_life(r.result, slot_of(r.fd).tcp);
  return true;
}

// Makes sure that the next edge is told; 0, or why it cannot be.
int epoll_backend::watch(slot& s, int fd) noexcept {
  std::uint64_t data = std::uint64_t(s.generation) << 32 | std::uint32_t(fd);
  s.foreign_closes = foreign_closes.load(relaxed);
  // A change reports what is ready at this moment, like a first registration.
  int r = s.registered ? set_.change(fd, interest, data) : set_.add(fd, interest, data);
  if (r == -ENOENT) {  // closed elsewhere and opened again
    s.ours = s.tcp = s.odd = false;
    r = set_.add(fd, interest, data);
  }
  if (r == -EEXIST) r = set_.change(fd, interest, data);
  s.registered = r == 0;
  return r;
}

void epoll_backend::submit(io_request& r) noexcept {
  pending_++;
  if (r.fd < 0) return finish(r, -EBADF);
  slot& s = slot_of(r.fd);
  s.told_no = false;
  bool asks_first = r.kind == io_kind::connect ? !(r.mark & mark_connecting)
                                               : trusted(s, r.kind) && !surely_waits(s, r.kind);
  if (asks_first) {
    int result = attempt(r);
    learn(s, r, result);
    if (result != would_wait) return finish(r, result);
  }
  if (!trusted(s, r.kind)) {
    int error = watch(s, r.fd);
    if (error == -EPERM) {  // a regular file: always ready
      int result = attempt(r);
      return finish(r, result == would_wait ? -EPERM : result);
    }
    if (error < 0) return finish(r, error);
  }
  r.mark |= mark_linked;
  s.waiting.push_back(r);
}

void epoll_backend::cancel(io_request& r) noexcept {
  if (!(r.mark & mark_linked)) return;  // finished already: its result is on its way
  slot_of(r.fd).waiting.remove(r);
  finish(r, -ECANCELED);
}

void epoll_backend::finish(io_request& r, int result) noexcept {
  r.result = result;
  r.mark = mark_finished;
  finished_.push_back(r);
}

void epoll_backend::take_event(const epoll_event& e) noexcept {
  if (e.data.u64 == bell_data) return hush();
  slot& s = slot_of(int(std::uint32_t(e.data.u64)));
  if (s.generation != std::uint32_t(e.data.u64 >> 32)) return;  // of an earlier life
  if (e.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) s.odd = true;
  if (e.events & ~std::uint32_t(EPOLLOUT)) s.readable = true;
  if (e.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) s.writable = true;
  io_request* next;
  for (io_request* r = s.waiting.front(); r; r = next) {
    next = request_list::after(*r);
    direction d = direction_of(r->kind);
    if ((d == direction::in && !s.readable) || (d == direction::out && !s.writable)) continue;
    int result = attempt(*r);
    learn(s, *r, result);
    if (result == would_wait) continue;
    s.waiting.remove(*r);
    finish(*r, result);
  }
}

void epoll_backend::report_finished() noexcept {
  // Only what is finished now: a handler that submits what finishes at once waits for the next
  // poll().
  request_list batch = finished_.take();
  while (io_request* r = batch.pop_front()) {
    if (r->kind == io_kind::accept && r->result >= 0) begin_life(r->result, slot_of(r->fd).tcp);
    r->mark = 0;
    pending_--;
    r->done(*r);
  }
}

void epoll_backend::poll(time_point until) {
  epoll_event ready[128];
  int n = set_.wait(ready, int(sizeof ready / sizeof ready[0]), finished_.empty() ? until : always);
  for (int i = 0; i < n; i++) take_event(ready[i]);
  report_finished();
}

int epoll_backend::socket(int domain, int type) noexcept {
  int fd = sys::open_socket(domain, type);
  if (fd >= 0) begin_life(fd, (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM);
  return fd;
}

int epoll_backend::close(int fd) noexcept {
  if (fd < 0) return -EBADF;
  slot& s = slot_of(fd);
  // Not left to the kernel: it would go on reporting while a copy is open elsewhere (a forked
  // child).
  if (s.registered) set_.remove(fd);
  bool made_here = s.ours;
  end_life(s);
  return made_here ? sys::close_fd(fd) : close_foreign(fd);
}

}  // namespace

std::unique_ptr<backend> make_epoll_backend() { return std::make_unique<epoll_backend>(); }

}  // namespace kettle::inline KETTLE_ABI
