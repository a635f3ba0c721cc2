#include "core/home.hpp"
#include "fibers/fiber.hpp"
#include "sys/fork.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/error.hpp>
#include <kettle/fibers/fiber_pool.hpp>
#include <kettle/sync/detail/wait_list.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI {

class fiber_pool::slots final : public fiber_slots {
 public:
  explicit slots(std::size_t at_once) : at_once_(at_once ? at_once : 1), at_(home::here()) {}
  ~slots() = default;

  // Begins the child now or queues it. A child that may not run here ends with its error.
  void take(placed_child_base& c);
  void wait_for_slot();
  void close(close_mode mode) noexcept;
  void fiber_ended(std::uint32_t index) noexcept override;

  bool is_full() const noexcept { return running_.size() >= at_once_; }
  bool is_inside() const noexcept {
    context* c = tls.current;
    return c && c->kind_ == &fibers::kind && fibers::slots_of(*c) == this;
  }
  bool is_empty() const noexcept { return running_.empty() && !first_; }
  // Whether its fibers will ever run: not in a forked child, nor when the process exits.
  bool goes_on() const noexcept { return tls.at == &at_ || (process_.is_ours() && !exits_here()); }
  // Nobody has it any more and nobody can wait for it: its last fiber ends it.
  void end_alone() noexcept {
    alone_ = true;
    close(close_mode::cancel);
  }
  std::size_t at_once() const noexcept { return at_once_; }
  std::size_t running() const noexcept { return running_.size(); }
  std::size_t queued() const noexcept { return queued_; }

  bool closed = false;
  wait_point* closer = nullptr;
  home& at() const noexcept { return at_; }

 private:
  // A child in the queue waits, as far as its scope and its future can tell.
  struct queued_child final : wait_point {
    queued_child(slots& p, placed_child_base& c) noexcept : pool(p), child(c) { who_ = &c; }
    bool start() override { return false; }
    void unlink() noexcept override {}
    void cancel() noexcept override { pool.leave(*this); }
    const char* what() const noexcept override { return "fiber_pool: full"; }
    slots& pool;
    placed_child_base& child;
    queued_child* prev = nullptr;
    queued_child* next = nullptr;
  };
  class slot_operation;

  void make_room();
  void begin(placed_child_base& c) noexcept;  // there is room
  void leave(queued_child& q) noexcept;
  void remove(queued_child& q) noexcept;
  void fill() noexcept;

  std::size_t at_once_;
  home& at_;
  std::vector<placed_child_base*> running_;
  queued_child* first_ = nullptr;
  queued_child* last_ = nullptr;
  std::size_t queued_ = 0;
  detail::wait_list starters_;  // wait in start(); all on this thread, so there is no lock
  bool alone_ = false;
  sys::fork_mark process_;
};

class fiber_pool::slots::slot_operation : public operation<slot_operation, detail::queued_wait> {
 public:
  explicit slot_operation(slots& pool) noexcept : pool_(pool) {}
  bool start() override {
    if (!pool_.is_full()) return true;
    pool_.starters_.push_back(*this);
    return false;
  }
  void unlink() noexcept override { pool_.starters_.remove(*this); }
  const char* what() const noexcept override { return "fiber_pool.start"; }
  void finish() noexcept {}

 private:
  slots& pool_;
};

// For every queued one too: those begin where nothing may be thrown.
void fiber_pool::slots::make_room() {
  std::size_t needed = running_.size() + queued_ + 1;
  if (needed > running_.capacity()) running_.reserve(std::max(needed, 2 * running_.capacity()));
}

void fiber_pool::slots::begin(placed_child_base& c) noexcept {
  c.place_state_ = std::uint32_t(running_.size());
  running_.push_back(&c);
  c.place_data_ = static_cast<fiber_slots*>(this);
  make_ready(c);
}

void fiber_pool::slots::take(placed_child_base& c) {
  c.kind_ = &fibers::kind;
  const char* refusal = closed          ? "start: this pool is closed"
                        : c.at_ != &at_ ? "start: a fiber_pool belongs to the thread that made it"
                                        : nullptr;
  if (refusal) {
    c.fail(error_pointer<usage_error>(refusal));
    return make_ready(c);  // it ends before its first step
  }
  make_room();
  if (!is_full() || is_inside()) return begin(c);
  auto* q = new queued_child(*this, c);
  q->prev = std::exchange(last_, q);
  (q->prev ? q->prev->next : first_) = q;
  queued_++;
  c.waiting_ = q;
}

void fiber_pool::slots::remove(queued_child& q) noexcept {
  (q.prev ? q.prev->next : first_) = q.next;
  (q.next ? q.next->prev : last_) = q.prev;
  queued_--;
  q.child.waiting_ = nullptr;
}

// Cancelled while queued: ends at its turn, without having had a slot.
void fiber_pool::slots::leave(queued_child& q) noexcept {
  remove(q);
  make_ready(q.child);
  delete &q;
  if (closer && is_empty() && closer->grant()) std::exchange(closer, nullptr)->granted();
}

void fiber_pool::slots::wait_for_slot() {
  while (is_full())
    slot_operation(*this).get();  // a grant is a hint: somebody may have been faster
}

void fiber_pool::slots::fiber_ended(std::uint32_t index) noexcept {
  if (index + 1 < running_.size()) {  // the last one takes its place; it itself may be gone
    running_[index] = running_.back();
    fibers::set_index(*running_[index], index);
  }
  running_.pop_back();
  fill();
  if (alone_ && is_empty()) return delete this;
  if (closer && is_empty() && closer->grant()) std::exchange(closer, nullptr)->granted();
}

void fiber_pool::slots::fill() noexcept {
  if (is_full()) return;
  if (queued_child* q = first_) {
    placed_child_base& c = q->child;
    remove(*q);
    delete q;
    return begin(c);
  }
  if (detail::queued_wait* s = starters_.grant_first()) s->granted();
}

void fiber_pool::slots::close(close_mode mode) noexcept {
  closed = true;
  if (mode == close_mode::drain) return;
  while (queued_child* q = first_) {
    q->child.self_cancelled_ = true;
    leave(*q);
  }
  for (placed_child_base* c : running_)
    c->request_cancel();  // only makes it ready: none ends under our feet
}

bool fiber_pool::begin_close(wait_point& w, close_mode mode) {
  if (slots_->is_inside())
    throw usage_error("close: a fiber of the pool cannot wait for the pool's end");
  slots_->close(mode);
  if (slots_->is_empty()) return true;
  slots_->closer = &w;
  return false;
}

fiber_pool::fiber_pool(fiber_pool_options options)
    : slots_(std::make_unique<slots>(options.at_once)) {}

fiber_pool::~fiber_pool() {
  if (slots_->is_empty()) return;
  if (!slots_->goes_on()) {
    slots_.release();  // NOLINT: its fibers', which still run
    return;
  }
  KETTLE_ASSERT(&slots_->at() == tls.at, "a fiber_pool belongs to the thread that made it");
  context& c = this_context();
  // Its last owner may go in one of its own fibers, or in what is called when one has ended.
  if (slots_->is_inside() || &c == &c.at_->callback()) {
    slots_.release()->end_alone();
    return;
  }
  KETTLE_ASSERT(
      c.can_block(),
      "a fiber_pool in a coroutine is closed with co_await pool.close(...) before its scope ends");
  close(close_mode::cancel).get();
}

std::size_t fiber_pool::width() const noexcept { return slots_->at_once(); }

pool_stats fiber_pool::stats() const noexcept {
  return {.width = slots_->at_once(),
          .threads = 1,
          .running = slots_->running(),
          .queued = slots_->queued()};
}

void fiber_pool::launch(placed_child_base& child) const { slots_->take(child); }

void fiber_pool::launch_own(placed_child_base& child) {
  if (slots_->closed) throw usage_error("start: this pool is closed");
  context& c = this_context();
  if (c.at_ != &slots_->at())
    throw usage_error("start: a fiber_pool belongs to the thread that made it");
  if (c.can_block() && !slots_->is_inside()) {
    slots_->wait_for_slot();
    if (slots_->closed) throw usage_error("start: this pool is closed");
  }
  slots_->take(child);
}

}  // namespace kettle::inline KETTLE_ABI
