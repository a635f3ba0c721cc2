#include <kettle/base/assert.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/sync/mutex.hpp>

#include "core/home.hpp"

#include <cstddef>
#include <cstdint>
#include <new>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // both compilers know it of all our classes

namespace kettle::inline KETTLE_ABI {

using detail::small_guard;

mutex::~mutex() {
  KETTLE_ASSERT((!owner_ && waiters_.empty()) || exits_here(),
                "a mutex was destroyed while locked or waited for");
}

bool mutex::take(context& c) {
  if (broken_) throw_broken();
  if (owner_ == &c)
    throw usage_error("mutex.lock: this task holds it already, and would wait for itself");
  if (owner_) return false;
  owner_ = &c;
  return true;
}

void mutex::hold(context& c) noexcept {
  held_prev_ = nullptr;
  held_next_ = c.held_;
  if (c.held_) c.held_->held_prev_ = this;
  c.held_ = this;
}

mutex::guard mutex::try_lock() {
  context& c = this_context();
  {
    small_guard locked(lock_);
    if (!take(c)) return {};
  }
  hold(c);
  return guard(*this, c);
}

bool mutex::is_locked() const noexcept {
  small_guard locked(lock_);
  return owner_ != nullptr;
}

void mutex::give_back(context& holder) noexcept {
  detail::queued_wait* next;
  {
    small_guard locked(lock_);
    if (broken_) return;  // its owner has ended
    KETTLE_ASSERT(tls.at == holder.at_ || exits_here(),
                  "a mutex is unlocked on the thread that locked it");
    (held_prev_ ? held_prev_->held_next_ : holder.held_) = held_next_;
    if (held_next_) held_next_->held_prev_ = held_prev_;
    next = waiters_.grant_first();
    owner_ = next ? &next->who() : nullptr;
  }
  if (next) next->granted();
}

void mutex::holder_ended(const char* holder) noexcept {
  detail::wait_list woken;
  {
    small_guard locked(lock_);
    broken_ = true;
    owner_ = nullptr;
    broken_by_ = holder;
    waiters_.grant_all(woken, detail::wait_end::broken);
  }
  woken.wake_all();
}

void mutex::relock(detail::queued_wait& w) noexcept {
  {
    small_guard locked(lock_);
    if (broken_) {
      w.end_ = detail::wait_end::broken;
    } else if (owner_) {
      return waiters_.push_back(w);
    } else {
      owner_ = &w.who();
    }
  }
  w.granted();
}

void mutex::throw_broken() const {
  throw broken_resource("mutex: its owner, " + broken_by_ + ", ended without unlocking it");
}

namespace {

// Of owner_waits_for_ in all mutexes: taken by who waits for one while it holds another.
constinit spin_lock circles;
constexpr int longest_circle = 1000;

}  // namespace

// `this` is what the owner waits for.
void mutex::owners_wait(const context& owner, bool has_deadline) noexcept {
  for (held_lock* h = owner.held_; h; h = h->held_next_) {
    auto& mine = static_cast<mutex&>(*h);
    mine.owner_waits_for_ = this;
    mine.owner_has_deadline_ = has_deadline;
  }
}

void mutex::owners_wait_no_more(const context& owner) noexcept {
  for (held_lock* h = owner.held_; h; h = h->held_next_)
    static_cast<mutex&>(*h).owner_waits_for_ = nullptr;
}

bool mutex::closes_a_circle() const noexcept {
  const mutex* m = this;
  for (int i = 0; i < longest_circle; i++) {
    if (!m->owner_waits_for_ || m->owner_has_deadline_) return false;
    m = m->owner_waits_for_;
    if (m == this) return true;
  }
  return false;
}

std::string mutex::describe_circle() const {
  std::string text = "mutex.lock: these tasks wait for each other for ever:";
  const mutex* m = this;
  const char* between = " ";
  do {
    text += between;
    m->describe_owner(text);
    text += " waits for a mutex that ";
    m->owner_waits_for_->describe_owner(text);
    text += " holds";
    between = "; ";
    m = m->owner_waits_for_;
  } while (m != this);
  return text;
}

void mutex::describe_owner(std::string& out) const {
  small_guard locked(lock_);  // while it is the owner it does not end
  if (!owner_) {
    out += "nobody";
    return;
  }
  home_face& face = owner_->at_->face();
  char name[64];
  std::string_view label = face.label_of(*owner_, name, sizeof name);
  out += label.empty() ? "a task without a name" : label;
  out += std::string(" (") + owner_->kind_->name;
  if (owner_->at_ != tls.at) out += ", thread " + std::to_string(face.thread_id());
  out += ")";
}

bool mutex_lock::start() {
  {
    small_guard locked(mutex_->lock_);
    if (mutex_->take(who())) return true;
    mutex_->waiters_.push_back(*this);
  }
  context& c = who();
  if (!c.held_ || in_group_) return false;
  std::string circle;
  {
    spin_guard here(circles);
    mutex_->owners_wait(c, c.scope_ && c.scope_->effective_deadline() != never);
    shown_ = true;
    if (!mutex_->closes_a_circle() || !take(claim::cancelled)) return false;
    try {
      circle = mutex_->describe_circle();
    } catch (const std::bad_alloc&) {}  // the error says less then
  }
  unlink();
  throw deadlock_error(circle.empty() ? "mutex.lock: a circle of waits" : circle);
}

void mutex_lock::stop_showing() noexcept {
  if (!shown_) return;
  spin_guard here(circles);
  mutex::owners_wait_no_more(who());
  shown_ = false;
}

void mutex_lock::describe(std::string& out) const {
  wait_point::describe(out);
  claim how = in_group_ ? group_->state.load(relaxed) : state();
  if (how == claim::cancelled) return;  // it has left, and the mutex may be gone
  out += ", held by ";
  mutex_->describe_owner(out);
}

void mutex_lock::unlink() noexcept {
  stop_showing();
  small_guard locked(mutex_->lock_);
  mutex_->waiters_.remove(*this);
}

mutex::guard mutex_lock::finish() {
  stop_showing();
  bool broken = end_ == detail::wait_end::broken;
  if (!broken) mutex_->hold(who());
  if (cancelled_meanwhile()) {
    if (!broken) mutex_->give_back(who());
    throw_cancelled();
  }
  if (broken) mutex_->throw_broken();
  return mutex::guard(*mutex_, who());
}

// For tools/gdb/kettle_gdb.py.
struct debugger_view_of_mutex {
  std::uint32_t offsets[2] = {offsetof(mutex_lock, mutex_), offsetof(mutex, owner_)};
};

}  // namespace kettle::inline KETTLE_ABI

extern "C" {
[[gnu::visibility("default")]] extern const kettle::debugger_view_of_mutex kettle_v0_mutex_layout;
[[gnu::used]] const kettle::debugger_view_of_mutex kettle_v0_mutex_layout;
}

#pragma GCC diagnostic pop
