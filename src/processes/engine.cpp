#include "processes/engine.hpp"

#include "base/never_destroyed.hpp"
#include "core/home.hpp"
#include "sys/futex.hpp"
#include "sys/machine.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/processes/remote_call.hpp>

#include <algorithm>
#include <cstdio>
#include <new>

namespace kettle::inline KETTLE_ABI {

namespace {

// child.place_state_: where it is, under the engine's lock. A slot's number + 1, or one of these.
constexpr std::uint32_t nowhere = 0, in_overflow = ~0u;
constexpr std::uint32_t no_slot = ~0u;

// The deadline that travels: real time only, a virtual clock means nothing to another process.
time_point deadline_of(placed_child_base& c) noexcept {
  if (!c.nursery_ || c.at_->in().world()) return never;
  return c.scope_ ? c.scope_->effective_deadline() : never;
}

template <std::size_t N> void put_words(char (&to)[N], const char* text) noexcept {
  std::snprintf(to, N, "%s", text);
}

// Those that may still be visited.
struct living_engines {
  spin_lock lock;
  std::vector<process_engine*> all;
};
living_engines& living() {
  static never_destroyed<living_engines> those;  // nor may a pool be destroyed
  return those.object;
}
// In a forked child; another thread of the parent may have held the lock.
void forget_engines() noexcept {
  ::new (&living().lock) spin_lock;
  living().all.clear();
}

}  // namespace

process_engine::process_engine(process_pool_options o) : options_(o) {
  if (options_.workers == 0) options_.workers = sys::usable_cores();
  options_.workers = std::min(options_.workers, std::size_t(most_workers));
  workers_.resize(options_.workers);
  for (std::uint32_t i = slot_count; i > 0; i--) free_.push_back(i - 1);
  static const bool watched = (living(), sys::in_forked_child(forget_engines), true);
  (void)watched;
  spin_guard here(living().lock);
  living().all.push_back(this);
}

process_engine::~process_engine() {
  if (!is_ours()) return;
  close(close_mode::cancel);
  join();
  {
    spin_guard here(living().lock);
    std::erase(living().all, this);
  }
  sys::spin_until([&] { return visitors_.load(acquire) == 0; });
}

slot_word process_engine::state_of(std::uint32_t slot) const noexcept {
  return slot_word::of(memory_.answers().state[slot].load(acquire));
}

bool process_engine::is_live() const noexcept {
  return free_.size() < slot_count || !overflow_.empty() || !unfit_.empty();
}

bool process_engine::is_closed() const noexcept {
  if (!is_ours()) return false;
  lock l(mutex_);
  return closed_;
}

void process_engine::leaves(placed_child_base& c) noexcept {
  c.place_state_ = nowhere;
  c.ticket().take();
}

void process_engine::end(placed_child_base& c) noexcept {
  job_of(c).ended();
  c.end_unrun();
}

void process_engine::end_all(std::vector<placed_child_base*>& children) noexcept {
  for (placed_child_base* c : children) end(*c);
  children.clear();
}

void process_engine::launch(placed_child_base& c) {
  bool runs = c.begin_remote(*this);
  c.ticket().drop();  // none lies in a queue: who may take it is settled under our lock
  if (!runs) return;
  try {
    check_ours();
    time_point deadline = deadline_of(c);
    std::uint32_t slot = reserve();
    if (slot == no_slot) return queue_up(c, deadline);
    slot_encoder out(memory_, &shared_memory::request_room);
    try {
      out.begin(slot);
      job_of(c).write(out);
      lock l(mutex_);
      refuse_if_over();
      submit(slot, c, out.bytes().size(), deadline);
    } catch (...) {
      unreserve(slot, out.bytes().size());
      throw;
    }
    return wake(1);
  } catch (...) {
    c.fail(std::current_exception());
  }
  leaves(c);
  end(c);
}

// The table is full.
void process_engine::queue_up(placed_child_base& c, time_point deadline) {
  encoder out;
  job_of(c).write(out);
  lock l(mutex_);
  refuse_if_over();
  overflow_.push_back({&c, std::string(out.bytes()), deadline});
  c.place_state_ = in_overflow;
  fill();
}

void process_engine::check_ours() const {
  if (!is_ours())
    throw usage_error("start: this pool's workers are those of the process that was forked");
}

void process_engine::refuse_if_over() const {
  if (closed_) throw usage_error("start: this pool is closed");
  if (!broken_.empty()) throw pool_broken(broken_);
}

// A slot for somebody who will submit it, or give it back.
std::uint32_t process_engine::reserve() {
  lock l(mutex_);
  refuse_if_over();
  ensure_manager();
  if (free_.empty() || !overflow_.empty()) return no_slot;
  std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void process_engine::unreserve(std::uint32_t slot, std::size_t written) noexcept {
  lock l(mutex_);
  memory_.keep(slot, written, 0);
  free_.push_back(slot);
  fill();
  if (closed_) wake_manager();
}

void process_engine::ensure_manager() {
  if (has_manager_) return;
  memory_.make();
  request_table& r = memory_.requests();
  r.max_tasks = options_.max_tasks;
  if (options_.init) {
    encoder out;
    encode(out, options_.init);
    if (out.bytes().size() > sizeof r.init)
      throw std::invalid_argument("the file name of init's image is too long");
    r.init_size = out.bytes().size();
    std::copy(out.bytes().begin(), out.bytes().end(), r.init);
  }
  if (int e = sys::start_thread(manager_, manage, this))
    throw_io_error(e, "start", "the thread of a process pool");
  has_manager_ = true;
}

void process_engine::submit(std::uint32_t slot, placed_child_base& c, std::size_t size,
                            time_point deadline) {
  slot_record& s = slots_[slot];
  s.child = &c;
  s.task = ++tasks_;
  s.cancel_asked = s.arriving = false;
  s.request_size = size;
  request& r = memory_.requests().requests[slot];
  r.size = size;
  r.deadline.store(deadline, relaxed);  // published with the request
  r.named = c.label_ && c.label_->travels;
  if (r.named) {
    request_words& w = memory_.requests().words[slot];
    w.number = c.label_->number;
    put_words(w.name, c.label_->text());
  }
  c.place_state_ = slot + 1;
  publish(slot);
}

// Queued; wake() comes next.
void process_engine::publish(std::uint32_t slot) noexcept {
  request_table& r = memory_.requests();
  answer_table& a = memory_.answers();
  std::uint32_t generation = ++slots_[slot].generation;
  // release: the request is written before anybody can claim it.
  a.state[slot].store(slot_word{generation, 0, slot_state::queued}.bits(), release);
  std::uint32_t tail = r.tail.load(relaxed);  // only we write it
  if (tail - a.head.load(acquire) == ring_size) skip_stale(r, a);
  KETTLE_ASSERT(tail - a.head.load(acquire) < ring_size, "the ring has an entry for every slot");
  r.ring[tail % ring_size].store(std::uint64_t(generation) << 32 | slot, release);
  r.tail.store(tail + 1, seq_cst);
}

void process_engine::set_kill_time(slot_record& s, time_point t) noexcept {
  timed_ += (t != never) - (s.kill_at != never);
  s.kill_at = t;
}

// The slot is free again, its child is the caller's to end.
placed_child_base* process_engine::take_out(std::uint32_t slot, std::size_t answer_size) noexcept {
  slot_record& s = slots_[slot];
  placed_child_base* c = std::exchange(s.child, nullptr);
  set_kill_time(s, never);
  leaves(*c);
  memory_.answers().state[slot].store(slot_word{s.generation, 0, slot_state::free}.bits(), release);
  memory_.keep(slot, s.request_size, answer_size);
  free_.push_back(slot);
  return c;
}

// What waited for room goes in.
void process_engine::fill() noexcept {
  std::size_t tasks = 0;
  while (!free_.empty() && !overflow_.empty()) {
    waiting_child w = std::move(overflow_.front());
    overflow_.pop_front();
    std::uint32_t slot = free_.back();
    if (unsigned char* to = memory_.request_room(slot, w.bytes.size())) {
      free_.pop_back();
      std::copy(w.bytes.begin(), w.bytes.end(), to);
      submit(slot, *w.child, w.bytes.size(), w.deadline);
      tasks++;
    } else {
      leaves(*w.child);
      w.child->fail(std::make_exception_ptr(io_error(
          std::make_error_code(std::errc::not_enough_memory), "map", "the arguments of a task")));
      unfit_.push_back(w.child);  // not ended here: somebody's callback may run then
      wake_manager();
    }
  }
  if (tasks > 0) wake(tasks);
  for (std::size_t room = free_.size(); room > 0 && !room_waiters_.empty(); room--) {
    wait_point* w = room_waiters_.front();
    room_waiters_.erase(room_waiters_.begin());
    if (w->grant()) w->granted();
  }
}

bool process_engine::when_room(wait_point& w) {
  check_ours();
  lock l(mutex_);
  if (!free_.empty() || closed_ || !broken_.empty()) return true;
  room_waiters_.push_back(&w);
  return false;
}

bool process_engine::when_warm(wait_point& w) {
  check_ours();
  lock l(mutex_);
  if (closed_ || !broken_.empty()) return true;
  ensure_manager();
  if (is_warm()) return true;
  warm_waiters_.push_back(&w);
  return false;
}

void process_engine::forget(wait_point& w) noexcept {
  lock l(mutex_);
  std::erase(room_waiters_, &w);
  std::erase(warm_waiters_, &w);
}

// Of those who wait for a pool that is open.
std::vector<wait_point*> process_engine::take_waiters() noexcept {
  auto all = std::exchange(room_waiters_, {});
  all.insert(all.end(), warm_waiters_.begin(), warm_waiters_.end());
  warm_waiters_.clear();
  return all;
}

void process_engine::check_open() const {
  check_ours();
  lock l(mutex_);
  refuse_if_over();
}

bool process_engine::is_warm() const noexcept {
  for (std::uint32_t i = 0; i < workers_.size(); i++) {
    worker_phase phase = memory_.answers().workers[i].phase.load(acquire);
    if (workers_[i].state != worker_state::alive || phase == worker_phase::starting ||
        phase == worker_phase::failed)
      return false;
  }
  return true;
}

// The claim decides: whoever changes `queued` first.
bool process_engine::take_back(std::uint32_t slot,
                               std::vector<placed_child_base*>& unrun) noexcept {
  std::uint32_t generation = slots_[slot].generation;
  std::uint64_t queued = slot_word{generation, 0, slot_state::queued}.bits();
  if (!memory_.answers().state[slot].compare_exchange_strong(
          queued, slot_word{generation, 0, slot_state::free}.bits(), acq_rel))
    return false;
  unrun.push_back(take_out(slot, 0));
  return true;
}

void process_engine::cancel_slot(std::uint32_t slot, const char* reason,
                                 std::vector<placed_child_base*>& unrun) noexcept {
  if (take_back(slot, unrun)) return;
  slot_record& s = slots_[slot];
  slot_word w = state_of(slot);
  if (w.state == slot_state::done || s.cancel_asked) return;
  s.cancel_asked = true;
  set_kill_time(s, killing_ ? always : after(sys::monotonic_now(), options_.grace));
  request_table& r = memory_.requests();
  put_words(r.words[slot].reason, reason);
  r.requests[slot].cancel.store(s.generation, release);
  r.control[w.worker].fetch_add(1, release);
  sys::futex_wake_shared(r.control[w.worker].address());
  wake_manager();
}

void process_engine::cancel(placed_child_base& c, std::vector<placed_child_base*>& unrun) noexcept {
  shared_text reason = cancel_reason(c);
  lock l(mutex_);
  if (c.place_state_ == in_overflow) {
    std::erase_if(overflow_, [&](auto& w) { return w.child == &c; });
    leaves(c);
    unrun.push_back(&c);
  } else if (c.place_state_ != nowhere) {
    cancel_slot(c.place_state_ - 1, reason.c_str(), unrun);
    if (!unrun.empty()) fill();
  }
  if (!unrun.empty() && closed_) wake_manager();
}

void process_engine::deadline_moves(placed_child_base& c, time_point t) noexcept {
  if (c.at_->in().world()) return;
  lock l(mutex_);
  if (c.place_state_ == in_overflow) {
    for (waiting_child& w : overflow_)
      if (w.child == &c) w.deadline = t;
  } else if (c.place_state_ != nowhere) {
    memory_.requests().requests[c.place_state_ - 1].deadline.store(
        t, seq_cst);  // as in the link of a child on a thread
  }
}

class process_engine::visit {
 public:
  explicit visit(const job_queue* engine) noexcept {
    spin_guard here(living().lock);
    auto& all = living().all;
    auto at = std::find(all.begin(), all.end(), engine);
    if (at == all.end()) return;
    found_ = *at;
    found_->visitors_.fetch_add(1, relaxed);  // the lock orders it before the destructor's look
  }
  ~visit() {
    if (found_) found_->visitors_.fetch_sub(1, release);
  }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  explicit operator bool() const noexcept { return found_; }
  process_engine* operator->() const noexcept { return found_; }

 private:
  process_engine* found_ = nullptr;
};

const job_queue::far_calls process_engine::for_homes{
    .look_for_end =
        [](const job_queue* engine, placed_child_base& c) noexcept {
          if (visit to(engine); to && !to->somebody_looks_.exchange(true, acquire)) {
            to->look_for_end(c);
            to->somebody_looks_.store(false, release);
          }
        },
    .cancel =
        [](const job_queue* engine, placed_child_base& c) noexcept {
          std::vector<placed_child_base*> unrun;
          if (visit to(engine); to) to->cancel(c, unrun);
          end_all(unrun);  // who hears of that may end the engine
        },
    .deadline_moves =
        [](const job_queue* engine, placed_child_base& c, time_point t) noexcept {
          if (visit to(engine); to) to->deadline_moves(c, t);
        },
};

// Meanwhile workers do not wake the manager, who sleeps; afterwards what else has come is his.
void process_engine::look_for_end(placed_child_base& c) noexcept {
  std::uint32_t slot;
  {
    lock l(mutex_, std::try_to_lock);
    if (!l) return;  // there is more going on than us
    std::size_t running = slot_count - free_.size();
    if (c.place_state_ == nowhere || c.place_state_ == in_overflow || !credit_.worth(running))
      return;
    slot = c.place_state_ - 1;
  }
  answer_table& a = memory_.answers();
  auto& bits = a.done_bits[slot / 64];
  const std::uint64_t bit = std::uint64_t(1) << slot % 64;
  auto& looking = memory_.requests().looking;
  looking.store(1, relaxed);
  bool manager_slept = a.client_asleep.exchange(0, seq_cst);
  bool came = spin(credit_.window(),
                   [&] { return (bits.load(relaxed) & bit) || c.is_done() || !tls.at->is_idle(); });
  looking.store(0, relaxed);
  credit_.learn(came);
  if (came && (bits.fetch_and(~bit, acq_rel) & bit)) answers_arrived({slot});
  if (manager_slept) a.client_asleep.store(1, seq_cst);
  if (has_work_left() || (has_answers() && a.client_asleep.exchange(0, acq_rel))) wake_manager();
}

// For the manager, when the last answer was taken without him: the end of a closed pool, and memory
// to be given back.
bool process_engine::has_work_left() const noexcept {
  lock l(mutex_);
  return closed_ || (!is_live() && memory_.keeps_much());
}

void process_engine::close(close_mode mode) noexcept {
  if (!is_ours()) return;
  std::vector<placed_child_base*> unrun;
  std::vector<wait_point*> waiters;
  {
    lock l(mutex_);
    closed_ = true;
    waiters = take_waiters();
    if (has_manager_ && mode != close_mode::drain) {
      killing_ = killing_ || mode == close_mode::kill;
      for (auto& w : overflow_) {
        leaves(*w.child);
        unrun.push_back(w.child);
      }
      overflow_.clear();
      // First what has not begun: a worker that ends when it is asked would take the next.
      for (std::uint32_t i = 0; i < slot_count; i++)
        if (slots_[i].child) take_back(i, unrun);
      for (std::uint32_t i = 0; i < slot_count; i++)
        if (slots_[i].child) {
          if (killing_) slots_[i].cancel_asked = false;  // sooner than it was told before
          cancel_slot(i, "its pool was closed", unrun);
        }
    }
    if (has_manager_) wake_manager();
  }
  end_all(unrun);
  for (wait_point* w : waiters)
    if (w->grant()) w->granted();
}

bool process_engine::when_ended(wait_point& w) {
  if (!is_ours()) return false;
  lock l(mutex_);
  if (!has_manager_ || ended_) return false;
  closers_.push_back(&w);
  return true;
}

void process_engine::join() noexcept {
  if (!is_ours()) return;
  {
    lock l(mutex_);
    if (!has_manager_ || joined_) return;
    joined_ = true;
  }
  sys::join_thread(manager_);
}

bool process_engine::can_be_joined() const noexcept {
  if (tls.former) return false;
  lock l(mutex_);
  return !has_manager_ || ::pthread_equal(manager_, sys::this_thread()) == 0;
}

void process_engine::end_alone() noexcept {
  close(close_mode::cancel);
  if (tls.former) return;  // nobody ends it
  lock l(mutex_);
  joined_ = true;
  alone_ = true;
}

pool_stats process_engine::stats() const noexcept {
  if (!is_ours()) return {.width = options_.workers};
  lock l(mutex_);
  pool_stats s{.width = options_.workers};
  for (auto& w : workers_) s.threads += w.state == worker_state::alive;
  s.queued = overflow_.size();
  if (!has_manager_) return s;
  for (std::uint32_t i = 0; i < slot_count; i++) {
    if (!slots_[i].child) continue;
    bool queued = state_of(i).state == slot_state::queued;
    (queued ? s.queued : s.running)++;
  }
  s.idle = s.threads > s.running ? s.threads - s.running : 0;
  return s;
}

}  // namespace kettle::inline KETTLE_ABI
