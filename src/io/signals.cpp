#include "sys/signals.hpp"

#include "core/home.hpp"
#include "sys/futex.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/error.hpp>
#include <kettle/io/signals.hpp>

#include <cstdint>
#include <deque>
#include <string>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr int most_signals = 64;

// What handlers see. seq_cst as in loop/run_signals.cpp: an inbox that goes writes its slot and
// then reads in_handler, a handler does it the other way round.
atomic<detail::signal_inbox*> receivers[most_signals + 1];
atomic<int> in_handler{0};

}  // namespace

namespace detail {

struct signal_inbox : mail {
  signal_inbox() : mail(deliver), at(home::here()) {}
  ~signal_inbox();

  void take_over(int signal);
  int take_one() noexcept;  // 0: none is pending
  static void on_signal(int signal) noexcept;
  static void deliver(mail& m) noexcept;

  home& at;
  std::deque<sys::signal_handler> handlers;
  std::uint64_t owned = 0;           // bit n - 1: signal n
  atomic<std::uint64_t> pending{0};  // release / acquire with the note
  atomic<bool> posted{false};        // the note is on its way
  int last = 0;                      // taken; the next one is looked for above it
  signal_operation* waiter = nullptr;
};

void signal_inbox_delete::operator()(signal_inbox* i) const noexcept { delete i; }

void signal_inbox::take_over(int signal) {
  if (signal < 1 || signal > most_signals)
    throw usage_error("signal_receiver: there is no signal " + std::to_string(signal));
  signal_inbox* nobody = nullptr;
  if (!receivers[signal].compare_exchange_strong(nobody, this, seq_cst))
    throw usage_error("signal_receiver: somebody receives signal " + std::to_string(signal) +
                      " already");
  owned |= std::uint64_t(1) << (signal - 1);
  handlers.emplace_back(signal, on_signal);
  if (!handlers.back().installed())
    throw usage_error("signal_receiver: signal " + std::to_string(signal) + " cannot be caught");
}

signal_inbox::~signal_inbox() {
  KETTLE_ASSERT(!waiter || exits_here(),
                "a signal_receiver was destroyed while somebody waits on it");
  handlers.clear();
  for (int n = 1; n <= most_signals; n++)
    if (owned >> (n - 1) & 1) receivers[n].store(nullptr, seq_cst);
  sys::spin_until([&] { return in_handler.load(seq_cst) == 0; });  // it may have read us before
  while (posted.load(acquire)) at.take_mail();                     // the note is a part of us
  while (int n = take_one()) sys::raise_again(n);                  // its former action has it
}

void signal_inbox::on_signal(int signal) noexcept {
  in_handler.fetch_add(1, seq_cst);
  if (signal_inbox* i = receivers[signal].load(seq_cst)) {
    i->pending.fetch_or(std::uint64_t(1) << (signal - 1), release);
    if (!i->posted.exchange(true, acq_rel)) i->at.post(*i);
  }
  in_handler.fetch_sub(1, seq_cst);
}

// Round and round, so that a frequent signal does not hide the others.
int signal_inbox::take_one() noexcept {
  std::uint64_t bits = pending.load(acquire);
  if (bits == 0) return 0;
  for (int i = 0; i < most_signals; i++) {
    int n = (last + i) % most_signals + 1;
    std::uint64_t bit = std::uint64_t(1) << (n - 1);
    if (!(bits & bit)) continue;
    pending.fetch_and(~bit, acq_rel);
    last = n;
    return n;
  }
  return 0;
}

void signal_inbox::deliver(mail& m) noexcept {
  auto& self = static_cast<signal_inbox&>(m);
  self.posted.store(false, release);
  if (!self.waiter || self.pending.load(acquire) == 0) return;
  signal_operation* w = std::exchange(self.waiter, nullptr);
  self.at.outside_wakers.fetch_sub(1, relaxed);
  if (!w->grant()) return;
  w->signal_ = self.take_one();
  w->granted();
}

}  // namespace detail

bool signal_operation::start() {
  if (&home::here() != &inbox_->at)
    throw usage_error("signal_receiver: next() belongs to the thread that made the receiver");
  if (inbox_->waiter) throw busy_resource("a second next() on one signal_receiver: one at a time");
  signal_ = inbox_->take_one();
  if (signal_) return true;
  inbox_->waiter = this;
  inbox_->at.outside_wakers.fetch_add(1, relaxed);
  return false;
}

void signal_operation::unlink() noexcept {
  inbox_->waiter = nullptr;
  inbox_->at.outside_wakers.fetch_sub(1, relaxed);
}

signal_receiver::signal_receiver(std::initializer_list<int> signals)
    : inbox_(new detail::signal_inbox) {
  if (signals.size() == 0)
    throw usage_error("signal_receiver: name a signal at least, else next() waits for nothing");
  for (int s : signals) inbox_->take_over(s);
}

}  // namespace kettle::inline KETTLE_ABI
