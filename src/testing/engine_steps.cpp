// The steps of played threads: on memory, at locks, in the kernel, on variables.

#include "testing/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI::testing::detail {

namespace {

std::uint64_t bits_of(const void* value, std::size_t bytes) noexcept {
  std::uint64_t out = 0;
  std::memcpy(&out, value, bytes);
  return out;
}

bool acquires(memory_order o) noexcept { return o == acquire || o == acq_rel || o == seq_cst; }
bool releases(memory_order o) noexcept { return o == release || o == acq_rel || o == seq_cst; }

}  // namespace

// Memory.

void engine::check_alive(const void* address, where at, const char* what) {
  word* w = words_.find(address);
  if (w && w->dead)
    fail("use after end", fmt::format("'{}' {} an object that has ended", me().name, what), at);
}

bool engine::load(const void* address, std::size_t bytes, void* out, memory_order order, where at) {
  point(address, false, at);
  check_alive(address, at, "reads");
  thread& t = me();
  for (auto s = t.buffer.rbegin(); s != t.buffer.rend(); ++s) {
    if (s->word != address) continue;
    std::memcpy(out, &s->value, bytes);
    made(step::load, address, false, 0, s->value);
    return true;
  }
  if (races_wanted_ && acquires(order))
    if (word* w = words_.find(address); w && w->published) t.seen.join(*w->published);
  std::uint64_t value = bits_of(address, bytes);
  std::memcpy(out, &value, bytes);
  made(step::load, address, false, 0, value);
  return true;
}

bool engine::store(void* address, std::size_t bytes, const void* value, memory_order order,
                   where at) {
  point(address, true, at);
  check_alive(address, at, "writes");
  std::uint64_t before = bits_of(address, bytes);
  buffered_store s{.word = address,
                   .value = bits_of(value, bytes),
                   .bytes = std::uint8_t(bytes),
                   .releases = releases(order),
                   .unlocks = false,
                   .passed = false,
                   .at = at,
                   .seen = me().seen};
  if (s.releases) me().seen.seen[current_]++;  // what comes after it is not published by it
  if (order == seq_cst) {
    drain(current_);
    write(s, current_);
  } else {
    put(s);
  }
  made(step::store, address, true, before, s.value);
  return true;
}

// A store leaves its thread: at once, or into the thread's buffer.
void engine::put(buffered_store& s) {
  thread& t = me();
  bool stays = !t.buffer.empty();
  if (!stays && options_.store_buffers && count_ > 1) {
    stays = strategy_->delays(current_);
    if (stays) result_.departures.push_back({decisions_, delayed_store});
    decisions_++;
  }
  if (!stays) return write(s, current_);
  t.buffer.push_back(s);
}

void engine::write(const buffered_store& s, int by) {
  word* w = words_.find(s.word);
  if (w && w->dead)
    fail("use after end",
         fmt::format("a store of '{}' reaches an object that has ended",
                     threads_[std::size_t(by)]->name),
         s.at);
  std::memcpy(s.word, &s.value, s.bytes);
  relaxing_ &= one(by);
  if (races_wanted_) {
    word& published = words_.get(s.word);
    vector_clock& clock = words_.clock_of(published);
    clock = s.releases ? s.seen : vector_clock{};
  }
  if (s.unlocks) let_go(words_.get(s.word));
}

void engine::make_visible(int of) {
  thread& t = *threads_[std::size_t(of)];
  buffered_store s = t.buffer.front();
  t.buffer.pop_front();
  if (t.buffer.empty() || !t.buffer.front().passed) buffered_ &= ~one(of);
  note(buffer_of(of), s.unlocks ? step::unlock : step::store, s.word, 0, s.value, s.at);
  write(s, of);
}

void engine::drain(int of) {
  while (!threads_[std::size_t(of)]->buffer.empty()) make_visible(of);
}

// The thread has gone past its stores: if they are not visible yet, they come late. (One that
// became visible before its thread made another step would not have been delayed.)
void engine::may_come(int of) {
  thread& t = *threads_[std::size_t(of)];
  if (t.buffer.empty()) return;
  for (buffered_store& s : t.buffer) s.passed = true;
  buffered_ |= one(of);
}

void engine::modify(const void* address, step what, where at) {
  point(address, true, at);
  check_alive(address, at, "changes");
  drain(current_);
  doing_ = what;
}

void engine::modified(const void* address, memory_order order, std::uint64_t before,
                      std::uint64_t after) {
  thread& t = me();
  if (races_wanted_) {
    word& w = words_.get(address);
    if (acquires(order) && w.published) t.seen.join(*w.published);
    if (releases(order)) {
      words_.clock_of(w).join(t.seen);
      t.seen.seen[current_]++;
    }
  }
  made(doing_, address, before != after, before, after);
}

void engine::born(const void* address) noexcept {
  word* w = words_.find(address);
  if (!w) return;
  w->dead = false;
  w->holder = -1;
  w->published = nullptr;
}

void engine::dies(const void* address) {
  thread& t = me();
  for (const buffered_store& s : t.buffer)
    if (s.word == address) {
      drain(current_);
      break;
    }
  word& w = words_.get(address);
  if (w.holder >= 0) let_go(w);  // whoever stands before it shall see that it has ended
  w.dead = true;
  w.since = t.last;
}

// Locks.

void engine::relax() {
  relaxing_ |= one(current_);
  strategy_->gives_way(current_);
  point(nullptr, false, {"", 0});
  made(step::relax, nullptr, false, 0, 0);
}

void engine::lock(void* address, std::size_t bytes, where at) {
  if (word& w = words_.get(address); w.holder == current_) drain(current_);
  if (words_.get(address).holder >= 0) {
    lock_barred_ |= one(current_);
    may_come(current_);
  }
  point(address, true, at);
  check_alive(address, at, "locks");
  drain(current_);
  word& w = words_.get(address);
  w.holder = std::int8_t(current_);
  w.since = at;
  std::memset(address, 0, bytes);
  *static_cast<char*>(address) = 1;
  // Whoever stands before the same lock cannot go on now.
  for (int i = 0; i < count_; i++) {
    if (i == current_ || threads_[std::size_t(i)]->pending.word != address) continue;
    lock_barred_ |= one(i);
    may_come(i);
  }
  if (races_wanted_ && w.published) me().seen.join(*w.published);
  made(step::lock, address, true, 0, 1);
}

void engine::let_go(word& w) {
  w.holder = -1;
  for (int i = 0; i < count_; i++)
    if (threads_[std::size_t(i)]->pending.word == w.address) lock_barred_ &= ~one(i);
}

void engine::unlock(void* address, std::size_t bytes, where at) {
  check_alive(address, at, "unlocks");
  thread& t = me();
  at = words_.get(address).since;  // a guard's end has no line of its own
  buffered_store s{.word = address,
                   .value = 0,
                   .bytes = std::uint8_t(bytes),
                   .releases = true,
                   .unlocks = true,
                   .passed = false,
                   .at = at,
                   .seen = t.seen};
  t.seen.seen[current_]++;
  put(s);
  note(current_, step::unlock, address, 1, 0, at);
}

// The kernel.

void engine::interrupt_thread(int number) {
  point(nullptr, true, {"", 0});
  thread& t = *threads_[std::size_t(number)];
  t.interrupts++;
  if (t.at == standing::futex) wake(number, -EINTR);
  made(step::futex_wake, nullptr, true, 0, 1);
}

int engine::futex_wait(const std::uint32_t* address, std::uint32_t expected,
                       std::int64_t until_ns) {
  thread& t = me();
  point(address, true, {"", 0});
  check_alive(address, t.last, "sleeps on");
  drain(current_);
  std::uint32_t value = *address;
  made(step::futex_wait, address, false, expected, value);
  if (value != expected) return -EAGAIN;
  if (until_ns <= now_ns_) return -ETIMEDOUT;
  t.at = standing::futex;
  t.waits_for = address;
  t.until_ns = until_ns;
  t.turn = turns_++;
  ready_ &= ~one(current_);
  if (until_ns != std::numeric_limits<std::int64_t>::max()) timed_ |= one(current_);
  choose_next();
  return t.woken_with;
}

void engine::wake(int number, int result) {
  thread& t = *threads_[std::size_t(number)];
  t.at = standing::ready;
  t.woken_with = result;
  ready_ |= one(number);
  timed_ &= ~one(number);
}

int engine::futex_wake(const std::uint32_t* address, int most) {
  point(address, true, {"", 0});
  drain(current_);
  int woken = 0;
  for (; woken < most; woken++) {
    int first = -1;
    for (int i = 0; i < count_; i++) {
      thread& t = *threads_[std::size_t(i)];
      if (t.at != standing::futex || t.waits_for != address) continue;
      if (first < 0 || t.turn < threads_[std::size_t(first)]->turn) first = i;
    }
    if (first < 0) break;
    wake(first, 0);
  }
  made(step::futex_wake, address, true, 0, std::uint64_t(woken));
  return woken;
}

void engine::look_at_clock(std::int64_t timer_ns) {
  if (timer_ns <= now_ns_ || timer_ns == std::numeric_limits<std::int64_t>::max()) return;
  if (early_jumps_ >= most_early_jumps) return;
  if (decide(one(current_) | one(the_clock)) != the_clock) return;
  early_jumps_++;
  advance_clock(timer_ns);
}

void engine::advance_clock(std::int64_t no_later) {
  std::int64_t earliest = no_later;
  for (int i = 0; i < count_; i++)
    if (timed_ & one(i)) earliest = std::min(earliest, threads_[std::size_t(i)]->until_ns);
  now_ns_ = std::max(now_ns_, earliest);
  note(the_clock, step::futex_wake, nullptr, 0, std::uint64_t(now_ns_ - start_of_time_ns), {"", 0});
  for (int i = 0; i < count_; i++)
    if ((timed_ & one(i)) && threads_[std::size_t(i)]->until_ns <= now_ns_) wake(i, -ETIMEDOUT);
}

// Variables.

// The history lies in the variable, which may have ended.
void engine::access(const void* variable, bool writes,
                    const std::unique_ptr<variable_history>& history, where at) {
  point(variable, writes, at);
  check_alive(variable, at, writes ? "writes" : "reads");
  judge(writes, writes ? "writes" : "reads", *history, at);
  made(writes ? step::variable_write : step::variable_read, variable, writes, 0, 0);
}

// The life of a variable begins and ends with a write, which is no point.
void engine::begins(const void* variable, variable_history& h) {
  born(variable);
  judge(true, "makes", h, me().last);
}
void engine::ends(const void* variable, variable_history& h) {
  judge(true, "destroys", h, me().last);
  word& w = words_.get(variable);
  w.dead = true;
  w.since = me().last;
}

void engine::judge(bool writes, const char* does, variable_history& h, where at) {
  thread& t = me();
  races_wanted_ = true;
  if (h.schedule != words_.schedule()) {
    h = {};
    h.schedule = words_.schedule();
  }
  auto unseen = [&](int thread, std::uint32_t when) {
    return thread != current_ && when > t.seen.seen[thread];
  };
  auto race = [&](int other, const char* did, where there) {
    fail("race",
         fmt::format("'{}' {} a variable that '{}' {} at {}, with nothing to order the two", t.name,
                     does, threads_[std::size_t(other)]->name, did, short_place(there)),
         at);
  };
  if (races_judged_) {
    if (h.writer >= 0 && unseen(h.writer, h.written)) race(h.writer, "wrote", h.written_at);
    for (int i = 0; writes && i < count_; i++)
      if (unseen(i, h.read[i])) race(i, "read", h.read_at[i]);
  }
  std::uint32_t now = t.seen.seen[current_];
  if (writes) {
    h.writer = current_;
    h.written = now;
    h.written_at = at;
  } else {
    h.read[current_] = now;
    h.read_at[current_] = at;
  }
}

unsigned engine::choose(unsigned n) {
  if (n < 2) return 0;
  unsigned chosen = strategy_->pick(n);
  if (chosen != 0) result_.departures.push_back({decisions_, int(chosen)});
  decisions_++;
  note(current_, step::choice, nullptr, n, chosen, me().last);
  return chosen;
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
