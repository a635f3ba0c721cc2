#include "threads/worker_pool.hpp"

#include "core/home.hpp"

#include <kettle/base/error.hpp>

#include <algorithm>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::uint32_t turns_between_injections = 61;
constexpr std::uint32_t batch = 16;  // jobs moved at once from the injection queue

}  // namespace

// The worker that the current thread is, of whatever pool.
worker_pool::worker* worker_pool::mine() noexcept { return static_cast<worker*>(tls.worker); }

worker_pool::worker_pool(std::uint32_t width, companion_set* companions) : companions_(companions) {
  for (std::uint32_t i = 0; i < std::max(width, 1u); i++) {
    workers_.push_back(std::make_unique<worker>());
    worker& w = *workers_.back();
    w.pool = this;
    w.index = i;
    w.random = i * 0x9e3779b9u + 1;
  }
}

worker_pool::~worker_pool() {
  if (!is_ours()) return;
  close(close_mode::cancel);
  join();
}

bool worker_pool::start(queue_ticket& t) noexcept {
  worker* w = mine();
  if (w && w->pool == this) {
    try {
      w->jobs.push(&t);
    } catch (...) {  // no memory for a larger deque
      refuse(t, std::current_exception());
      t.drop();
      return true;
    }
  } else if (!injected_.push(t)) {
    return false;
  }
  if (int error = call_another())
    refuse(t, error_pointer<io_error>(std::error_code(error, std::system_category()),
                                      "start a thread", ""));
  return true;
}

int worker_pool::call_another() noexcept {
  return lot_.announce() || started_.load(relaxed) == width() ? 0 : add_worker();
}

int worker_pool::add_worker() noexcept {
  spin_guard here(growing_);
  std::uint32_t n = started_.load(relaxed);
  if (n == width() || joined_) return 0;
  std::uint32_t working = at_work_.load(relaxed);
  do {                                    // before it can leave
    if (n > 0 && working == 0) return 0;  // closed, all have left, and nothing is left to do
  } while (!at_work_.compare_exchange_weak(working, working + 1, relaxed, relaxed));
  started_.store(n + 1, relaxed);  // before it can have what others must see to steal
  int error = sys::start_thread(workers_[n]->thread, body, workers_[n].get());
  if (error != 0) {
    started_.store(n, relaxed);
    at_work_.fetch_sub(1, relaxed);  // only the first one fails hard: nobody is there to leave
  }
  return n == 0 ? error : 0;  // while there are others, they will run it
}

void* worker_pool::body(void* p) {
  auto& w = *static_cast<worker*>(p);
  home& here = home::here();
  here.work_for(w.pool->companions_);
  here.take_jobs_from(w.pool);
  tls.worker = &w;
  w.asked_to_cancel.thread_begins(here);
  w.pool->work(w);
  w.asked_to_cancel.thread_ends(here);
  tls.worker = nullptr;
  here.take_jobs_from(nullptr);
  // A worker that adds another one is at work itself, so the number reaches zero once. acq_rel: the
  // last one speaks for all.
  worker_pool& pool = *w.pool;
  if (pool.at_work_.fetch_sub(1, acq_rel) == 1) {
    if (std::uintptr_t waiter = pool.left_.exchange(all_left, acq_rel))
      if (auto* op = reinterpret_cast<wait_point*>(waiter); op->grant()) op->granted();
    if (pool.end_) pool.end_of_the_last(w);
  }
  return nullptr;
}

// The others are a few instructions from their end, and we have nothing more to do with the pool.
void worker_pool::end_of_the_last(worker& me) noexcept {
  for (std::uint32_t i = 0, n = started_.exchange(0, acquire); i < n; i++) {
    worker& w = *workers_[i];
    &w == &me ? sys::detach_thread(w.thread) : sys::join_thread(w.thread);
  }
  end_(ends_);
}

void worker_pool::end_alone(void (*end)(void*) noexcept, void* what) noexcept {
  end_ = end;
  ends_ = what;
  close(close_mode::cancel);
}

void worker_pool::work(worker& w) noexcept {
  for (;;) {
    if (queue_ticket* t = take(w)) {
      cancelling_.load(relaxed) ? discard(*t) : run(*t);
      continue;
    }
    if (closed_.load(acquire)) {
      if (any_work()) continue;  // it came between our look and the closing
      return;  // nothing is left, and nothing comes but from those at work, who take it
    }
    bool alone = lot_.wait([this] { return any_work(); });
    // Starters relied on us to look; if there is more than we shall take, somebody else must.
    if (alone && any_work()) call_another();
  }
}

queue_ticket* worker_pool::take(worker& w) noexcept {
  bool injected_first = ++w.turn % turns_between_injections == 0;
  if (!injected_first)
    if (queue_ticket* t = w.jobs.pop()) return t;
  std::uint32_t n = 0;
  // The rest where it can be stolen, oldest last so that it is popped first.
  auto keep = [&](queue_ticket& first) {
    queue_ticket* rest[batch];
    for (queue_ticket* r = first.next; r; r = r->next) rest[n++] = r;
    for (std::uint32_t i = n; i > 0;) w.jobs.push(rest[--i]);
  };
  if (queue_ticket* t = injected_.take(injected_first ? 1 : batch, keep)) {
    if (n > 0) call_another();
    return t;
  }
  if (injected_first)
    if (queue_ticket* t = w.jobs.pop()) return t;
  return steal(w);
}

queue_ticket* worker_pool::steal(worker& w) noexcept {
  std::uint32_t n = started_.load(relaxed);
  if (n < 2) return nullptr;
  w.random = w.random * 1664525u + 1013904223u;
  std::uint32_t first = w.random >> 16;
  for (std::uint32_t i = 0; i < n; i++) {
    worker& victim = *workers_[(first + i) % n];
    if (&victim == &w) continue;
    // Again while it is not empty: another thief may have been faster than us, but not at taking
    // all.
    while (!victim.jobs.empty()) {
      if (queue_ticket* t = victim.jobs.steal()) {
        steals_.fetch_add(1, relaxed);
        return t;
      }
    }
  }
  return nullptr;
}

bool worker_pool::any_work() const noexcept {
  if (!injected_.empty()) return true;
  for (std::uint32_t i = 0, n = started_.load(relaxed); i < n; i++)
    if (!workers_[i]->jobs.empty()) return true;
  return false;
}

void worker_pool::close(close_mode mode) noexcept {
  if (!is_ours()) return;
  injected_.close();
  if (mode == close_mode::cancel) cancelling_.store(true, relaxed);  // published by closed_
  closed_.store(true, release);
  if (mode == close_mode::cancel) {
    // With no thread there is nobody to take what is queued; with some it is ended sooner.
    while (queue_ticket* t = injected_.take(batch)) {
      while (t) discard(*std::exchange(t, t->next));
    }
    for (auto& w : workers_) w->asked_to_cancel.ask();
  }
  lot_.stop();
}

bool worker_pool::when_left(wait_point& w) noexcept {
  if (!is_ours()) return true;
  {
    spin_guard here(growing_);
    if (started_.load(relaxed) == 0) {
      joined_ = true;  // nobody will come any more
      return true;
    }
  }
  std::uintptr_t expected = 0;
  return !left_.compare_exchange_strong(expected, reinterpret_cast<std::uintptr_t>(&w), acq_rel,
                                        acquire);
}

void worker_pool::join() noexcept {
  if (!is_ours()) return;
  growing_.lock();
  joined_ = true;
  std::uint32_t n = started_.exchange(0, acquire);  // each thread is joined once
  growing_.unlock();
  for (std::uint32_t i = 0; i < n; i++) sys::join_thread(workers_[i]->thread);
  while (queue_ticket* t = injected_.take(batch)) {  // a start that came too late to make a thread
    while (t) {
      queue_ticket& late = *std::exchange(t, t->next);
      refuse(late, error_pointer<usage_error>("start: this pool is closed"));
      late.drop();
    }
  }
}

}  // namespace kettle::inline KETTLE_ABI
