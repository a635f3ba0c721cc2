#include "loop/run_signals.hpp"

#include "loop/run_look.hpp"
#include "sys/fork.hpp"
#include "sys/futex.hpp"
#include "sys/raw.hpp"
#include "sys/signals.hpp"
#include "sys/time.hpp"

#include <kettle/base/seam.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/loop/ctrl_c.hpp>

#include <cstdio>
#include <new>
#include <optional>

namespace kettle::inline KETTLE_ABI {

namespace {

using detail::run_signals;

constexpr int owned_signals[] = {SIGINT, SIGTERM};

// timeout(1) and others send a signal to the process and then to its group: one request, not two.
constexpr std::int64_t same_request_ns = 20'000'000;

struct {
  spin_lock lock;               // the lists below; never taken in a handler
  run_signals* runs = nullptr;  // oldest first
  ctrl_c_operation* waiters = nullptr;
  std::optional<sys::signal_handler> handlers[2];

  // What the handler sees. in_handler and target are seq_cst: a run that goes writes target and
  // then reads in_handler, a handler does it the other way round, and one of them must see the
  // other.
  atomic<run_signals*> target{nullptr};
  atomic<int> in_handler{0};
  atomic<int> waiting{0};            // relaxed: a hint whether a second signal may end the process
  atomic<std::uint32_t> pending{0};  // bit n: owned_signals[n]; release / acquire with the note
} desk;

int take_pending() noexcept {
  std::uint32_t bits = desk.pending.exchange(0, acquire);
  return bits == 0 ? 0 : bits & 1 ? owned_signals[0] : owned_signals[1];
}

void remove_waiter(ctrl_c_operation& w) noexcept {
  (w.prev_ ? w.prev_->next_ : desk.waiters) = w.next_;
  if (w.next_) w.next_->prev_ = w.prev_;
}

// A forked child has none of its parent's runs: the signals do again what they did before them.
void forget_runs() noexcept {
  ::new (&desk.lock) spin_lock;  // another thread of the parent may have held it
  desk.runs = nullptr;
  desk.waiters = nullptr;
  desk.target.store(nullptr, seq_cst);
  desk.in_handler.store(0, relaxed);
  desk.waiting.store(0, relaxed);
  desk.pending.store(0, relaxed);
  for (auto& h : desk.handlers) h.reset();
}

// True if somebody waited: they all have it now.
bool grant_waiters() noexcept {
  ctrl_c_operation* granted = nullptr;
  desk.lock.lock();
  for (ctrl_c_operation* w = desk.waiters; w;) {
    ctrl_c_operation* next = w->next_;
    if (w->grant()) {  // else its home has just cancelled it and is about to unlink it
      remove_waiter(*w);
      w->next_ = granted;
      granted = w;
    }
    w = next;
  }
  desk.lock.unlock();
  bool any = granted != nullptr;
  while (granted) {
    ctrl_c_operation* w = granted;
    granted = w->next_;  // before it wakes: then it is its owner's again
    w->granted();
  }
  return any;
}

}  // namespace

bool ctrl_c_operation::start() {
  if (detail::seam::exploring()) throw usage_error("ctrl_c: signals are not explored");
  spin_guard hold(desk.lock);
  if (!desk.runs)
    throw usage_error(
        "ctrl_c: nobody owns the signals outside kettle::run; handle them yourself there");
  prev_ = nullptr;
  next_ = desk.waiters;
  if (next_) next_->prev_ = this;
  desk.waiters = this;
  desk.waiting.fetch_add(1, relaxed);
  who().at_->outside_wakers.fetch_add(1, relaxed);
  return false;
}

void ctrl_c_operation::unlink() noexcept {
  {
    spin_guard hold(desk.lock);
    remove_waiter(*this);
  }
  finish();
}

void ctrl_c_operation::finish() noexcept {
  desk.waiting.fetch_sub(1, relaxed);
  who().at_->outside_wakers.fetch_sub(1, relaxed);
}

namespace detail {

run_signals::run_signals(nursery& root, home& at, duration grace)
    : mail(deliver), root_(root), at_(at), grace_(grace) {
  if (seam::exploring()) return;  // no signals there, and what a failed schedule leaves would stay
  static const bool watched = (sys::in_forked_child(forget_runs), true);
  (void)watched;
  spin_guard hold(desk.lock);
  run_signals** end = &desk.runs;
  while (*end) end = &(*end)->next_;
  *end = this;
  if (desk.runs != this) return;
  desk.target.store(this, seq_cst);
  for (int i = 0; i < 2; i++)
    if (sys::action_is_default(owned_signals[i]))
      desk.handlers[i].emplace(owned_signals[i], on_signal);
  look_begins(on_signal, desk.handlers[0]   ? owned_signals[0]
                         : desk.handlers[1] ? owned_signals[1]
                                            : 0);
}

run_signals::~run_signals() {
  if (seam::exploring()) return;
  closing_ = true;
  run_signals* heir;
  {
    spin_guard hold(desk.lock);
    run_signals** link = &desk.runs;
    while (*link && *link != this) link = &(*link)->next_;
    if (!*link) return;  // of the parent, in a forked child
    *link = next_;
    heir = desk.runs;
    desk.target.store(heir, seq_cst);
    if (!heir) {
      look_ends();
      for (auto& h : desk.handlers) h.reset();
    }
  }
  sys::spin_until(
      [&] { return desk.in_handler.load(seq_cst) == 0; });  // it may have read us before
  while (posted_.load(acquire)) at_.take_mail();            // the note is a part of us
  if (heir || desk.pending.load(relaxed) == 0) {
    spin_guard hold(desk.lock);
    if (desk.runs && desk.pending.load(relaxed) != 0) desk.runs->post_note();
  } else if (int signal = take_pending()) {
    sys::raise_again(signal);  // it came while we were leaving: its former action has it
  }
}

bool run_signals::are_owned() noexcept {
  spin_guard hold(desk.lock);
  return desk.handlers[0] || desk.handlers[1];
}

void run_signals::on_signal(int signal, siginfo_t* about, void*) noexcept {
  desk.in_handler.fetch_add(1, seq_cst);
  if (run_signals* r = desk.target.load(seq_cst)) {
    if (is_second_look(*about))
      look_again(r->is_unheard());
    else if (signal == SIGQUIT)
      look_now();
    else
      r->arrived(signal);
  }
  desk.in_handler.fetch_sub(1, seq_cst);
}

// In the handler.
void run_signals::arrived(int signal) noexcept {
  if (cancelled_by_.load(relaxed) || desk.waiting.load(relaxed) == 0) {
    std::int64_t now_ns = sys::monotonic_now().time_since_epoch().count();
    std::int64_t first_ns = first_at_ns_.load(relaxed);
    if (first_ns == 0)
      first_at_ns_.store(now_ns, relaxed);
    else if (now_ns - first_ns > same_request_ns)
      sys::raw_exit(128 + signal);
  }
  desk.pending.fetch_or(signal == owned_signals[0] ? 1 : 2, release);
  post_note();
  look_if_unheard(grace_);
}

void run_signals::post_note() noexcept {
  if (!posted_.exchange(true, acq_rel)) at_.post(*this);
}

void run_signals::deliver(mail& m) noexcept {
  auto& self = static_cast<run_signals&>(m);
  self.posted_.store(false, release);
  if (!self.closing_) self.decide();
}

void run_signals::decide() noexcept {
  look_heard();
  int signal = take_pending();
  if (signal == 0 || cancelled_by()) return;
  if (grant_waiters()) {
    first_at_ns_.store(0, relaxed);
    return;
  }
  cancelled_by_.store(signal, relaxed);
  std::int64_t none = 0;  // somebody waited when it came, and has gone meanwhile
  first_at_ns_.compare_exchange_strong(none, sys::monotonic_now().time_since_epoch().count(),
                                       relaxed);
  root_.cancel(signal == SIGINT ? "SIGINT" : "SIGTERM");
}

void end_by_signal(int signal) {
  std::fflush(nullptr);  // the program has cleaned up; what it printed belongs to that
  sys::die_by(signal);
}

}  // namespace detail

}  // namespace kettle::inline KETTLE_ABI
