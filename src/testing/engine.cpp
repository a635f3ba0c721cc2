#include "testing/engine.hpp"

#include "sys/pages.hpp"

#include <kettle/base/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI::testing::detail {

namespace {

constexpr std::size_t stack_bytes = std::size_t(256) << 10;
constexpr std::int64_t start_of_time_ns = 1'000'000'000;

// Of thread_state all but the free lists, which an explored build has not.
constexpr std::size_t exchanged = offsetof(thread_state, blocks);

void keep_state(thread_state& to) noexcept {
  std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&tls), exchanged);
}
void restore_state(const thread_state& from) noexcept {
  std::memcpy(static_cast<void*>(&tls), static_cast<const void*>(&from), exchanged);
}

std::uint64_t bits_of(const void* value, std::size_t bytes) noexcept {
  std::uint64_t out = 0;
  std::memcpy(&out, value, bytes);
  return out;
}

bool acquires(memory_order o) noexcept { return o == acquire || o == acq_rel || o == seq_cst; }
bool releases(memory_order o) noexcept { return o == release || o == acq_rel || o == seq_cst; }

}  // namespace

engine::engine(engine_options options)
    : options_(options), in_flight_(exceptions_of_this_thread()), races_wanted_(options.races) {}

engine::~engine() {
  for (auto& t : threads_) sys::release_pages(t->stack, stack_bytes);
}

// One schedule.

schedule_result engine::play(const std::function<void()>& body, strategy& s, trace* record) {
  result_ = {};
  strategy_ = &s;
  trace_ = record;
  if (trace_) trace_->clear();
  count_ = 0;
  ready_ = lock_barred_ = relaxing_ = buffered_ = timed_ = 0;
  words_.clear();
  arena_.clear();
  now_ns_ = start_of_time_ns;
  turns_ = 0;
  early_jumps_ = 0;
  decisions_ = 0;
  races_judged_ = races_wanted_;
  add_thread(body, "main");
  keep_state(driver_state_);
  restore_state(thread_state{});
  open_execution(driver_);
  kettle::detail::seam::player = this;
  current_ = 0;
  switch_to(driver_, threads_[0]->self, in_flight_);
  kettle::detail::seam::player = nullptr;
  restore_state(driver_state_);
  for (int i = 0; i < count_; i++) {
    if (trace_) trace_->name(i, threads_[std::size_t(i)]->name);
    threads_[std::size_t(i)]->body = nullptr;
  }
  s.ended(result_.points);
  return std::move(result_);
}

void engine::leave() {
  switch_to(me().self, driver_, in_flight_, true);
  __builtin_unreachable();
}

void engine::fail(std::string kind, std::string message, where at) {
  if (result_.failed.kind.empty()) {
    if (at.line) message += fmt::format(", at {}", short_place(at));
    note(current_, step::check, nullptr, 0, 0, at);
    result_.failed = {std::move(kind), std::move(message)};
  }
  leave();
}

// Threads.

engine::thread& engine::add_thread(std::function<void()> body, std::string name) {
  if (count_ == most_threads)
    fail("limit", fmt::format("more than {} threads in one schedule", most_threads), {"", 0});
  if (std::size_t(count_) == threads_.size()) {
    void* player = std::exchange(kettle::detail::seam::player, nullptr);  // no steps of the program
    auto made = std::make_unique<thread>();
    made->stack = sys::reserve_pages(stack_bytes);
    if (!made->stack) throw std::bad_alloc();
    sys::guard_pages(made->stack, sys::page_bytes(), true);
    threads_.push_back(std::move(made));
    kettle::detail::seam::player = player;
  }
  thread& t = *threads_[std::size_t(count_)];
  t.in = this;
  t.kept = {};
  t.body = std::move(body);
  t.name = std::move(name);
  t.at = standing::ready;
  t.joins = -1;
  t.interrupts = 0;
  t.pending = {};
  t.last = {"", 0};
  t.seen = count_ ? me().seen : vector_clock{};
  t.seen.seen[count_] = 1;
  t.buffer.clear();
  prepare(t.self, t.stack + sys::page_bytes(), t.stack + stack_bytes, thread_main);
  ready_ |= one(count_++);
  return t;
}

void engine::thread_main(execution& self) noexcept {
  sanitizer::after_switch(self.notes);
  auto& t = reinterpret_cast<thread&>(self);
  t.in->run_body(t);
}

void engine::run_body(thread& t) noexcept {
  try {
    t.body();
    t.body = nullptr;  // what it holds ends with its thread
    run_thread_ends();
  } catch (const deadlock_error& e) {
    fail("deadlock", e.what(), {"", 0});
  } catch (const std::exception& e) {
    fail("exception", fmt::format("thread '{}' ended by an exception: {}", t.name, e.what()),
         {"", 0});
  } catch (...) {
    fail("exception", fmt::format("thread '{}' ended by an exception", t.name), {"", 0});
  }
  end_thread();
}

void engine::end_thread() {
  thread& t = me();
  point(step::end, nullptr, true, {"", 0});
  drain(current_);
  made(step::end, nullptr, true, 0, 0);
  t.at = standing::ended;
  ready_ &= ~one(current_);
  changed();
  for (int i = 0; i < count_; i++) {
    thread& other = *threads_[std::size_t(i)];
    if (other.at != standing::join || other.joins != current_) continue;
    other.at = standing::ready;
    ready_ |= one(i);
  }
  choose_next();
  __builtin_unreachable();
}

int engine::start_thread(std::string name, std::function<void()> body, where at) {
  thread& parent = me();
  point(step::begin, nullptr, true, at);
  drain(current_);
  if (name.empty()) name = fmt::format("thread {}", count_);
  add_thread(std::move(body), std::move(name));
  parent.seen.seen[current_]++;
  made(step::begin, nullptr, true, 0, std::uint64_t(count_ - 1));
  return count_ - 1;
}

void engine::join_thread(int number, where at) {
  thread& t = me();
  point(step::join, nullptr, false, at);
  drain(current_);
  thread& other = *threads_[std::size_t(number)];
  if (other.at != standing::ended) {
    t.at = standing::join;
    t.joins = number;
    ready_ &= ~one(current_);
    choose_next();
  }
  t.seen.join(other.seen);
  made(step::join, nullptr, false, 0, std::uint64_t(number));
}

void engine::interrupt_thread(int number) {
  point(step::futex_wake, nullptr, true, {"", 0});
  thread& t = *threads_[std::size_t(number)];
  t.interrupts++;
  if (t.at == standing::futex) wake(number, -EINTR);
  made(step::futex_wake, nullptr, true, 0, 1);
}

char* engine::stack_bottom() noexcept {
  return reinterpret_cast<char*>(me().stack) + sys::page_bytes();
}

// Points.

void engine::point(step what, const void* word, bool writes, where at) {
  thread& t = me();
  if (at.line) t.last = at;
  t.pending = {word, writes};
  if (++result_.points > options_.most_points)
    fail("endless",
         fmt::format("no end after {} points; '{}' is at {}: does a loop wait for something that "
                     "never comes?",
                     options_.most_points, t.name, short_place(t.last)),
         {"", 0});
  (void)what;
  strategy_->arrives(current_, t.pending);
  choose_next();
}

void engine::made(step what, const void* word, bool writes, std::uint64_t before,
                  std::uint64_t after) {
  thread& t = me();
  strategy_->steps(current_, t.pending);
  t.pending = {};
  if (writes) changed();
  note(current_, what, word, before, after, t.last);
}

void engine::note(entity who, step what, const void* word, std::uint64_t before,
                  std::uint64_t after, where at) {
  // Addresses are left out: they may differ from run to run.
  std::uint64_t h = result_.hash ^ (std::uint64_t(who) << 8 | std::uint64_t(what));
  h ^= std::uint64_t(at.line) << 16;
  result_.hash = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9;
  if (trace_) trace_->add({who, what, word, before, after, at});
}

entity_set engine::can_run() const noexcept {
  entity_set threads = ready_ & ~lock_barred_, eager = threads & ~relaxing_;
  bool jumps = timed_ && (!eager || early_jumps_ < most_early_jumps);
  entity_set can = eager | buffered_ << most_threads | (jumps ? one(the_clock) : 0);
  return can ? can : threads;
}

entity engine::usual(entity_set can) const noexcept {
  return can & one(current_) ? current_ : first_of(can);
}

entity engine::decide(entity_set can) {
  entity by_default = usual(can);
  if ((can & (can - 1)) == 0) return by_default;
  entity chosen = strategy_->next(can, current_, by_default);
  if (!(can & one(chosen)))
    fail("nondeterminism", "a schedule that was begun before goes another way now", {"", 0});
  if (chosen != by_default) result_.departures.push_back({decisions_, chosen});
  decisions_++;
  return chosen;
}

void engine::choose_next() {
  for (;;) {
    entity_set can = can_run();
    if (!can) nobody_can();
    entity e = decide(can);
    if (e == the_clock) {
      early_jumps_ += (can & all_threads) != 0;
      advance_clock();
    } else if (e >= most_threads) {
      make_visible(e - most_threads);
    } else {
      relaxing_ &= ~one(e);
      if (e != current_) switch_to_thread(e);
      return;
    }
  }
}

void engine::switch_to_thread(int number) {
  thread& from = me();
  thread& to = *threads_[std::size_t(number)];
  keep_state(from.kept);
  restore_state(to.kept);
  current_ = number;
  switch_to(from.self, to.self, in_flight_, from.at == standing::ended);
}

void engine::relax() {
  relaxing_ |= one(current_);
  strategy_->gives_way(current_);
  point(step::relax, nullptr, false, {"", 0});
  made(step::relax, nullptr, false, 0, 0);
}

// Memory.

void engine::check_alive(const void* address, where at, const char* what) {
  word* w = words_.find(address);
  if (w && w->dead)
    fail("use after end", fmt::format("'{}' {} an object that has ended", me().name, what), at);
}

bool engine::load(const void* address, std::size_t bytes, void* out, memory_order order, where at) {
  point(step::load, address, false, at);
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
  point(step::store, address, true, at);
  check_alive(address, at, "writes");
  std::uint64_t before = bits_of(address, bytes);
  buffered_store s{address,  bits_of(value, bytes), std::uint8_t(bytes), releases(order), false, at,
                   me().seen};
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
  buffered_ |= one(current_);
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
    if (s.releases) threads_[std::size_t(by)]->seen.seen[by]++;
  }
  if (s.unlocks) let_go(words_.get(s.word));
}

void engine::make_visible(int of) {
  thread& t = *threads_[std::size_t(of)];
  buffered_store s = t.buffer.front();
  t.buffer.pop_front();
  if (t.buffer.empty()) buffered_ &= ~one(of);
  note(buffer_of(of), s.unlocks ? step::unlock : step::store, s.word, 0, s.value, s.at);
  write(s, of);
}

void engine::drain(int of) {
  while (buffered_ & one(of)) make_visible(of);
}

void engine::modify(const void* address, step what, where at) {
  point(what, address, true, at);
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

void engine::lock(void* address, std::size_t bytes, where at) {
  if (word& w = words_.get(address); w.holder == current_) drain(current_);
  if (words_.get(address).holder >= 0) lock_barred_ |= one(current_);
  point(step::lock, address, true, at);
  check_alive(address, at, "locks");
  drain(current_);
  word& w = words_.get(address);
  w.holder = std::int8_t(current_);
  w.since = at;
  std::memset(address, 0, bytes);
  *static_cast<char*>(address) = 1;
  // Whoever stands before the same lock cannot go on now.
  for (int i = 0; i < count_; i++)
    if (i != current_ && threads_[std::size_t(i)]->pending.word == address) lock_barred_ |= one(i);
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
  buffered_store s{address, 0, std::uint8_t(bytes), true, true, at, t.seen};
  put(s);
  note(current_, step::unlock, address, 1, 0, at);
}

// The kernel.

int engine::futex_wait(const std::uint32_t* address, std::uint32_t expected,
                       std::int64_t until_ns) {
  thread& t = me();
  point(step::futex_wait, address, true, {"", 0});
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
  point(step::futex_wake, address, true, {"", 0});
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

void engine::advance_clock() {
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < count_; i++)
    if (timed_ & one(i)) earliest = std::min(earliest, threads_[std::size_t(i)]->until_ns);
  now_ns_ = std::max(now_ns_, earliest);
  note(the_clock, step::futex_wake, nullptr, 0, std::uint64_t(now_ns_ - start_of_time_ns), {"", 0});
  for (int i = 0; i < count_; i++)
    if ((timed_ & one(i)) && threads_[std::size_t(i)]->until_ns <= now_ns_) wake(i, -ETIMEDOUT);
}

// Variables.

void engine::access(const void* variable, bool writes, variable_history& h, where at) {
  point(writes ? step::variable_write : step::variable_read, variable, writes, at);
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
                     writes ? "writes" : "reads", threads_[std::size_t(other)]->name, did,
                     short_place(there)),
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
  made(writes ? step::variable_write : step::variable_read, variable, writes, 0, 0);
}

unsigned engine::choose(unsigned n) {
  if (n < 2) return 0;
  unsigned chosen = strategy_->pick(n);
  if (chosen != 0) result_.departures.push_back({decisions_, int(chosen)});
  decisions_++;
  note(current_, step::choice, nullptr, n, chosen, me().last);
  return chosen;
}

// The end.

void engine::nobody_can() {
  bool all_ended = true;
  for (int i = 0; i < count_; i++) all_ended &= threads_[std::size_t(i)]->at == standing::ended;
  if (all_ended) {
    if (arena_.living() > 0)
      result_.failed = {"leak", fmt::format("{} of kettle's nodes or frames were never given back",
                                            arena_.living())};
    leave();
  }
  std::string text = "nothing can run, and nothing can wake it:";
  for (int i = 0; i < count_; i++)
    if (threads_[std::size_t(i)]->at != standing::ended) text += "\n    " + standing_of(i);
  fail("deadlock", std::move(text), {"", 0});
}

std::string engine::standing_of(int number) const {
  const thread& t = *threads_[std::size_t(number)];
  std::string place = short_place(t.last);
  switch (t.at) {
    case standing::futex: return fmt::format("'{}' sleeps, last seen at {}", t.name, place);
    case standing::join:
      return fmt::format("'{}' waits for the end of '{}'", t.name,
                         threads_[std::size_t(t.joins)]->name);
    default: break;
  }
  if (lock_barred_ & one(number)) {
    word* w = const_cast<word_table&>(words_).find(t.pending.word);
    if (w && w->holder >= 0)
      return fmt::format("'{}' at {} waits for the lock that '{}' took at {}", t.name, place,
                         threads_[std::size_t(w->holder)]->name, short_place(w->since));
  }
  return fmt::format("'{}' at {}", t.name, place);
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
