#include "threads/lane.hpp"

#include "core/home.hpp"
#include "sys/futex.hpp"
#include "sys/outsiders.hpp"
#include "sys/time.hpp"

#include <kettle/base/error.hpp>
#include <kettle/base/spin_lock.hpp>

#include <cerrno>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// A job that a thread is about to begin is no job for who waits for it: it may block, and there is
// somebody else to do that. In its place_state_, before it is handed over.
static void has_thread(queue_ticket& t, bool yes = true) noexcept {
  t.link.waits.child.place_state_ = yes;
}

// Used again for later threads and freed with the lane only: a bell may be rung after its thread
// has gone on.
struct lane::thread {
  std::shared_ptr<state> of;      // while it runs
  queue_ticket* job = nullptr;    // handed over; under the lock
  atomic<std::uint32_t> bell{0};  // rung after a hand-over or close
  std::optional<asked> asked_to_cancel;
  sys::thread_handle handle{};
  thread* next = nullptr;  // among the idle, or among the ended
  thread* living_prev = nullptr;
  thread* living_next = nullptr;
};

// Everything is under the lock.
struct lane::state {
  lane* owner;  // for job_queue's sake; not touched once `gone`
  duration idle_time;
  companion_set* companions;
  mutable spin_lock lock;
  queue_ticket* head = nullptr;  // jobs that wait because the limit is reached
  queue_ticket* tail = nullptr;
  thread* idle = nullptr;  // last in, first out: the rest grow old and end
  thread* living = nullptr;
  thread* ended = nullptr;  // to be joined, then used again
  std::vector<std::unique_ptr<thread>> all;
  lane_stats stats;
  atomic<std::uint32_t> left{0};  // threads that join() waits for; it sleeps on it
  bool closed = false, cancelling = false, gone = false;

  queue_ticket* pop() noexcept {
    queue_ticket* t = head;
    if (!t) return nullptr;
    head = t->next;
    if (!head) tail = nullptr;
    stats.queued--;
    return t;
  }
  void idle_changes(int by) noexcept {
    stats.idle += std::uint32_t(by);
    sys::threads_at_rest.fetch_add(by, relaxed);
  }
  // To one that is idle, which is to be rung for; null: none is.
  thread* hand_over(queue_ticket& t) noexcept {
    if (!idle) return nullptr;
    thread* woken = std::exchange(idle, idle->next);
    idle_changes(-1);
    has_thread(t);
    woken->job = &t;
    return woken;
  }
  void push(queue_ticket& t) noexcept {
    t.next = nullptr;
    (tail ? tail->next : head) = &t;
    tail = &t;
    stats.queued++;
  }
  // False: it is not idle any more, somebody has handed it a job.
  bool leave_idle(thread& me) noexcept {
    for (thread** t = &idle; *t; t = &(*t)->next) {
      if (*t != &me) continue;
      *t = me.next;
      idle_changes(-1);
      return true;
    }
    return false;
  }
  void add(thread& t) noexcept {
    t.living_prev = nullptr;
    t.living_next = living;
    if (living) living->living_prev = &t;
    living = &t;
  }
  void remove(thread& t) noexcept {
    (t.living_prev ? t.living_prev->living_next : living) = t.living_next;
    if (t.living_next) t.living_next->living_prev = t.living_prev;
  }
};

void lane::ring(thread& t) noexcept {
  t.bell.store(1, release);
  sys::futex_wake(t.bell, 1);
}

lane::lane(lane_options options, companion_set* companions)
    : options_(options), state_(std::make_shared<state>()) {
  state_->owner = this;
  state_->idle_time = options.idle_time;
  state_->companions = companions;
}

lane::~lane() {
  if (!is_ours()) return;
  close(close_mode::cancel);
  join();
}

bool lane::start(queue_ticket& t) noexcept {
  state& s = *state_;
  thread* woken = nullptr;
  {
    spin_guard here(s.lock);
    if (s.closed) return false;
    woken = s.hand_over(t);
    if (!woken && s.stats.threads == options_.most_threads) {
      s.push(t);
      return true;
    }
    if (!woken) {
      has_thread(t);
      s.stats.threads++;  // ours to make, outside the lock
    }
  }
  if (woken) return ring(*woken), true;
  int error = add_thread(t);
  if (!error) return true;
  {
    spin_guard here(s.lock);
    s.stats.threads--;
    has_thread(t, false);
    // One may have become idle meanwhile: it looks at the queue no more.
    if (thread* idle = s.hand_over(t)) return ring(*idle), true;
    if (s.stats.threads > 0) return s.push(t), true;
  }
  refuse(t, error == ENOMEM  // ours: the system says EAGAIN
                ? error_pointer<std::bad_alloc>()
                : error_pointer<io_error>(std::error_code(error, std::system_category()),
                                          "start a thread", ""));
  t.drop();
  return true;
}

int lane::add_thread(queue_ticket& first) noexcept {
  state& s = *state_;
  thread* t;
  {
    spin_guard here(s.lock);
    t = s.ended;
    if (t) s.ended = t->next;
  }
  if (t) {
    sys::join_thread(t->handle);  // it has left the lane: a few instructions more
  } else {
    try {
      auto made = std::make_unique<thread>();
      t = made.get();
      spin_guard here(s.lock);
      s.all.push_back(std::move(made));
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    }
  }
  t->of = state_;
  t->job = &first;
  t->asked_to_cancel.emplace();
  {
    spin_guard here(s.lock);
    s.add(*t);
    s.left.fetch_add(1, relaxed);
    if (s.cancelling) t->asked_to_cancel->ask();
  }
  int error = sys::start_thread(t->handle, body, t);
  spin_guard here(s.lock);
  if (error == 0) {
    s.stats.threads_made++;
  } else {
    s.remove(*t);
    s.left.fetch_sub(1, relaxed);
    // It must not be joined: it never was. Its place is lost, which a machine without threads can
    // bear.
  }
  return error;
}

void* lane::body(void* p) {
  thread& me = *static_cast<thread*>(p);
  std::shared_ptr<state> s = std::move(me.of);  // `me` lies in it
  home& here = home::here();
  here.work_for(s->companions);
  here.take_jobs_from(s->owner);
  me.asked_to_cancel->thread_begins(here);
  work(*s, me, here);
  here.take_jobs_from(nullptr);
  return nullptr;
}

void lane::work(state& s, thread& me, home& here) noexcept {
  queue_ticket* t = nullptr;
  {
    spin_guard here_alone(s.lock);
    t = std::exchange(me.job, nullptr);
  }
  for (; t; t = next(s, me, here)) {
    bool unwanted;
    {
      spin_guard here_alone(s.lock);
      unwanted = s.cancelling;
      s.stats.jobs_run++;
    }
    placed_child_base* c = t->take();
    t->drop();
    if (!c) continue;
    if (unwanted)
      c->end_unrun();
    else if (c->lateness_ != lateness::abandon)
      c->run_remote();
    else if (!run_abandoned(s, *c, here))
      return me.asked_to_cancel->thread_ends(here);
  }
}

// join() does not wait for it, so the lane may be gone when it returns: false, and this thread ends
// by itself.
bool lane::run_abandoned(state& s, placed_child_base& c, home& here) noexcept {
  here.work_for(nullptr);
  here.take_jobs_from(nullptr);
  s.left.fetch_sub(1, release);
  sys::futex_wake(s.left);
  c.run_remote();
  spin_guard here_alone(s.lock);
  if (s.gone) return false;
  s.left.fetch_add(1, relaxed);  // join() looks again under the lock
  here.work_for(s.companions);
  here.take_jobs_from(s.owner);
  return true;
}

// The next job; null: this thread has left the lane.
queue_ticket* lane::next(state& s, thread& me, home& here) noexcept {
  time_point give_up = after(sys::monotonic_now(), s.idle_time);
  bool leaves = false;
  {
    spin_guard here_alone(s.lock);
    if (queue_ticket* t = s.pop()) return t;
    me.bell.store(0, relaxed);  // rung only for those in the list, and by close
    leaves = s.closed;
    if (leaves) {
      s.stats.threads--;
    } else {
      me.next = std::exchange(s.idle, &me);
      s.idle_changes(1);
    }
  }
  while (!leaves) {
    bool late = sys::futex_wait(me.bell, 0, give_up) == -ETIMEDOUT;
    spin_guard here_alone(s.lock);
    if (me.job) return std::exchange(me.job, nullptr);
    me.bell.store(0, relaxed);  // the bell of an earlier job may have been rung late
    leaves = s.closed || late;
    if (!leaves) continue;
    s.leave_idle(me);
    s.stats.threads--;  // from here on a start that finds the limit free makes a new thread
  }
  me.asked_to_cancel->thread_ends(here);
  {
    spin_guard here_alone(s.lock);
    s.remove(me);
    me.next = std::exchange(s.ended, &me);
  }
  s.left.fetch_sub(1, release);  // join() acquires it
  sys::futex_wake(s.left);
  return nullptr;
}

bool lane::is_closed() const noexcept {
  spin_guard here(state_->lock);
  return state_->closed;
}

lane_stats lane::stats() const noexcept {
  spin_guard here(state_->lock);
  return state_->stats;
}

void lane::close(close_mode mode) noexcept {
  state& s = *state_;
  queue_ticket* unrun = nullptr;
  {
    spin_guard here(s.lock);
    s.closed = true;
    if (mode == close_mode::cancel && !s.cancelling) {
      s.cancelling = true;
      unrun = std::exchange(s.head, nullptr);
      s.tail = nullptr;
      s.stats.queued = 0;
      for (thread* t = s.living; t; t = t->living_next) t->asked_to_cancel->ask();
    }
    for (thread* t = s.living; t; t = t->living_next) t->bell.store(1, release);
  }
  while (unrun) discard(*std::exchange(unrun, unrun->next));
  spin_guard here(s.lock);
  for (auto& t : s.all) sys::futex_wake(t->bell, 1);
}

void lane::join() noexcept {
  state& s = *state_;
  for (;;) {
    std::uint32_t left = s.left.load(acquire);
    join_ended();
    if (left != 0) {
      sys::futex_wait(s.left, left);
      continue;
    }
    spin_guard here(s.lock);
    if (s.left.load(acquire) != 0 || s.ended) continue;
    s.gone = true;
    for (thread* t = s.living; t; t = t->living_next) sys::detach_thread(t->handle);
    s.living = nullptr;
    return;
  }
}

void lane::join_ended() noexcept {
  thread* t;
  {
    spin_guard here(state_->lock);
    t = std::exchange(state_->ended, nullptr);
  }
  for (; t; t = t->next) sys::join_thread(t->handle);
}

}  // namespace kettle::inline KETTLE_ABI
