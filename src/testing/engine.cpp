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

#if KETTLE_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace kettle::inline KETTLE_ABI::testing::detail {

namespace {

constexpr std::size_t stack_bytes = std::size_t(1) << 20;

// Of thread_state all but the free lists, which an explored build has not.
constexpr std::size_t exchanged = offsetof(thread_state, blocks);

void keep_state(thread_state& to) noexcept {
  std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&tls), exchanged);
}
void restore_state(const thread_state& from) noexcept {
  std::memcpy(static_cast<void*>(&tls), static_cast<const void*>(&from), exchanged);
}

}  // namespace

engine::engine(engine_options options)
    : options_(options), in_flight_(exceptions_of_this_thread()), races_wanted_(options.races) {}

engine::~engine() {
  for (auto& t : threads_) sys::release_pages(t->stack, stack_bytes);
}

// One schedule.

namespace {

// What a failed schedule leaves behind is no leak of the program's.
struct leaks_are_allowed {
#if KETTLE_ASAN
  leaks_are_allowed() { __lsan_disable(); }
  ~leaks_are_allowed() { __lsan_enable(); }
#endif
};

}  // namespace

schedule_result engine::play(const std::function<void()>& body, strategy& s, trace* record) {
  [[maybe_unused]] leaks_are_allowed here;
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
    // Of a failed schedule nothing is destroyed: it would happen outside of it.
    std::function<void()>& held = threads_[std::size_t(i)]->body;
    if (held && i > 0) new std::function<void()>(std::move(held));
    held = nullptr;
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
  t.fresh = count_ > 0;
  t.interrupts = 0;
  t.left_alone = count_ > 0;
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
  point(nullptr, true, {"", 0});
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
  point(nullptr, true, at);
  drain(current_);
  if (name.empty()) name = fmt::format("thread {}", count_);
  add_thread(std::move(body), std::move(name));
  parent.seen.seen[current_]++;
  made(step::begin, nullptr, true, 0, std::uint64_t(count_ - 1));
  return count_ - 1;
}

void engine::join_thread(int number, where at) {
  thread& t = me();
  thread& other = *threads_[std::size_t(number)];
  other.left_alone = false;
  if (other.at != standing::ended) {
    t.at = standing::join;
    t.joins = number;
    ready_ &= ~one(current_);
    may_come(current_);
  }
  point(nullptr, false, at);
  drain(current_);
  t.seen.join(other.seen);
  made(step::join, nullptr, false, 0, std::uint64_t(number));
}

char* engine::stack_bottom() noexcept {
  return reinterpret_cast<char*>(me().stack) + sys::page_bytes();
}

// Points.

void engine::point(const void* word, bool writes, where at) {
  thread& t = me();
  if (at.line) t.last = at;
  t.pending = {word, writes};
  if (++result_.points > options_.most_points)
    fail("endless",
         fmt::format("no end after {} points; '{}' is at {}: does a loop wait for something that "
                     "never comes?",
                     options_.most_points, t.name, short_place(t.last)),
         {"", 0});
  strategy_->arrives(current_, t.pending);
  // Nobody sees what a thread does before its first step: that it was chosen meant this step.
  if (std::exchange(t.fresh, false) && (ready_ & ~lock_barred_ & ~relaxing_ & one(current_)))
    return;
  choose_next();
}

void engine::made(step what, const void* word, bool writes, std::uint64_t before,
                  std::uint64_t after) {
  thread& t = me();
  strategy_->steps(current_, t.pending);
  t.pending = {};
  if (writes) changed();
  if (what != step::store) may_come(current_);
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
  entity_set can = eager | buffered_ << most_threads;
  if (timed_ && (!can || early_jumps_ < most_early_jumps)) can |= one(the_clock);
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
      early_jumps_ += can != one(the_clock);
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

// The end.

void engine::nobody_can() {
  bool all_ended = true;
  for (int i = 0; i < count_; i++) all_ended &= threads_[std::size_t(i)]->at == standing::ended;
  if (all_ended) {
    for (int i = 0; i < count_; i++)
      if (threads_[std::size_t(i)]->left_alone)
        result_.failed = {"leak",
                          fmt::format("'{}' was never joined", threads_[std::size_t(i)]->name)};
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
