// Who waits for which descriptor, for all threads together: descriptors are the process's, and so
// is the question whether one is waited for already.
//
// A wait is in the table from before its request is made until the back end has let go. What
// another thread's wait is to be told travels as a note to its home, which finds it in the table
// again, by its turn: by then it may have ended, and another one may stand at the same number.

#include "core/home.hpp"
#include "sys/file.hpp"
#include "sys/pidfd.hpp"

#include <kettle/base/error.hpp>
#include <kettle/io/pipe.hpp>
#include <kettle/sync/detail/small_lock.hpp>

#include <memory>
#include <vector>

#include <poll.h>

namespace kettle::inline KETTLE_ABI {

namespace detail {

struct descriptor_waits {
  struct place {
    ready_operation* wait = nullptr;
    pid_t of = 0;  // a forked child has a copy of the table; its parent's waits are not its own
    sys::file_identity what;  // known from when it really waits
  };
  struct both {
    place in, out;
  };
  struct closing_note;

  static descriptor_waits& of(int fd) noexcept {
    // For good: late destructors may wait.
    static auto* all = new descriptor_waits[shares];  // NOLINT: without memory there is no waiting
    return all[fd % shares];
  }
  // False: somebody waits already.
  bool enter(ready_operation& w);
  void stays(ready_operation& w) noexcept;  // it could not be done at once
  void leave(ready_operation& w) noexcept;
  void tell(int fd);

 private:
  static constexpr int shares = 16;  // each with its own lock
  place& place_of(const ready_operation& w) noexcept {
    both& b = waits[std::size_t(w.fd / shares)];
    return w.flags & POLLIN ? b.in : b.out;
  }
  void tell_here(int fd, std::uint64_t turn) noexcept;
  static bool is_orphan(const place& p) noexcept;
  static void tell_here(ready_operation& w) noexcept;

  small_lock lock;
  std::vector<both> waits;  // by descriptor / shares
  std::uint64_t turns = 0;
};

struct descriptor_waits::closing_note final : mail {
  closing_note(int descriptor, std::uint64_t t) noexcept : mail(deliver), fd(descriptor), turn(t) {}
  static void deliver(mail& m) noexcept {
    std::unique_ptr<closing_note> self(static_cast<closing_note*>(&m));
    of(self->fd).tell_here(self->fd, self->turn);
  }
  int fd;
  std::uint64_t turn;
};

bool descriptor_waits::enter(ready_operation& w) {
  pid_t us = sys::process_id();
  small_guard locked(lock);
  if (std::size_t at = std::size_t(w.fd / shares); at >= waits.size()) waits.resize(at + 1);
  place& p = place_of(w);
  if (p.wait && p.of == us) {
    if (!is_orphan(p)) return false;
    if (p.wait->who().at_ == &home::here()) tell_here(*p.wait);
  }
  p = {&w, us, {}};
  w.turn_ = ++turns;
  return true;
}

void descriptor_waits::stays(ready_operation& w) noexcept {
  sys::file_identity what = sys::identity_of(w.fd);
  small_guard locked(lock);
  if (place& p = place_of(w); p.wait == &w) p.what = what;
}

// Its descriptor was closed without a word, and the number means another one now: what waits there
// keeps nobody from waiting for that.
bool descriptor_waits::is_orphan(const place& p) noexcept {
  return p.what != sys::file_identity() && p.what != sys::identity_of(p.wait->fd);
}

void descriptor_waits::tell_here(ready_operation& w) noexcept {
  if (w.told_) return;
  w.told_ = true;
  home::here().io().cancel(w);
}

void descriptor_waits::leave(ready_operation& w) noexcept {
  small_guard locked(lock);
  if (place& p = place_of(w); p.wait == &w) p = {};
}

void descriptor_waits::tell(int fd) {
  pid_t us = sys::process_id();
  std::unique_ptr<closing_note> notes[2];
  for (auto& n : notes) n = std::make_unique<closing_note>(fd, 0);
  std::uint64_t here[2] = {};
  {
    small_guard locked(lock);
    if (std::size_t(fd / shares) >= waits.size()) return;
    both& b = waits[std::size_t(fd / shares)];
    int n = 0;
    for (place* p : {&b.in, &b.out}) {
      if (!p->wait || p->of != us) continue;
      home& at = *p->wait->who().at_;
      if (&at == &home::here()) {
        here[n++] = p->wait->turn_;
      } else {  // while it waits, its home is there
        notes[n]->turn = p->wait->turn_;
        at.post(*notes[n++].release());
      }
    }
  }
  for (std::uint64_t turn : here)
    if (turn) tell_here(fd, turn);
}

// On the home of the wait: so it cannot go between the look and the request.
void descriptor_waits::tell_here(int fd, std::uint64_t turn) noexcept {
  ready_operation* wait = nullptr;
  {
    small_guard locked(lock);
    both& b = waits[std::size_t(fd / shares)];
    for (place* p : {&b.in, &b.out})
      if (p->wait && p->wait->turn_ == turn) wait = p->wait;
  }
  if (wait) tell_here(*wait);
}

}  // namespace detail

ready_operation::ready_operation(int descriptor, std::uint32_t events) noexcept
    : operation(io_kind::poll) {
  fd = descriptor;
  flags = events;
}

bool ready_operation::start() {
  who().at_->io();  // may throw, and nothing is in the table yet
  if (!alone_ || fd < 0) return begin_request();
  if (!detail::descriptor_waits::of(fd).enter(*this))
    throw busy_resource("a second wait until descriptor " + std::to_string(fd) + " is " +
                        (flags & POLLIN ? "readable" : "writable") + ": one at a time");
  if (begin_request()) {
    ended();
    return true;
  }
  detail::descriptor_waits::of(fd).stays(*this);
  return false;
}

void ready_operation::ended() noexcept {
  if (alone_ && fd >= 0) detail::descriptor_waits::of(fd).leave(*this);
}

void ready_operation::finish() const {
  if (told_ || was_closed())
    throw closed_resource("the descriptor was closed while somebody waited for it");
  if (result < 0) throw_io_error(-result, "poll", "descriptor " + std::to_string(fd));
}

ready_operation readable(int fd) noexcept {
  ready_operation w(fd, POLLIN);
  w.alone_ = true;
  return w;
}

ready_operation writable(int fd) noexcept {
  ready_operation w(fd, POLLOUT);
  w.alone_ = true;
  return w;
}

void notify_closing(int fd) {
  if (fd >= 0) detail::descriptor_waits::of(fd).tell(fd);
}

}  // namespace kettle::inline KETTLE_ABI
