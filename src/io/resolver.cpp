#include "io/resolver.hpp"

#include "sys/pidfd.hpp"
#include "sys/thread.hpp"

#include <utility>

#include <netdb.h>

namespace kettle::inline KETTLE_ABI {

// Under the resolver's lock, but for the result, which travels with the event.
struct resolver::question {
  question(resolver& r, const std::string& name) : of(r), host(name) {}
  resolver& of;
  const std::string host;
  std::uint32_t askers = 0;
  bool runs = false;
  std::list<question*>::iterator turn;  // until it runs
  answer result;
  event answered;
};

// One who asks, however it ends.
struct resolver::asking {
  asking(resolver& r, const std::string& host) : q(r.join(host)) {}
  asking(const asking&) = delete;
  asking& operator=(const asking&) = delete;
  ~asking() { q->of.leave(*q); }
  question_ptr q;
};

task<resolver::answer> resolver::ask(std::string host) {
  asking a(*this, host);
  co_await a.q->answered.wait();
  co_return a.q->result;
}

resolver::~resolver() {
  std::unique_lock held(lock_);
  none_runs_.wait(held, [&] { return running_ == 0; });
}

std::uint32_t resolver::threads() const {
  std::lock_guard held(lock_);
  return running_;
}

bool resolver::is_open(const question& q) const noexcept {
  auto found = open_.find(q.host);
  return found != open_.end() && found->second.get() == &q;
}

resolver::question_ptr resolver::join(const std::string& host) {
  std::lock_guard held(lock_);
  forget_the_parent_s();
  question_ptr& q = open_[host];
  if (!q) {
    try {
      q = std::make_shared<question>(*this, host);
      q->turn = waiting_.insert(waiting_.end(), q.get());
    } catch (...) {
      open_.erase(host);
      throw;
    }
  }
  question_ptr mine = q;
  if (mine->askers++ == 0 && mine->runs) awaited_++;  // it was left behind
  start_what_may();
  return mine;
}

void resolver::leave(question& q) noexcept {
  std::lock_guard held(lock_);
  if (--q.askers > 0 || !is_open(q)) return;
  if (q.runs) {
    awaited_--;
  } else {
    waiting_.erase(q.turn);
    open_.erase(q.host);  // the one who leaves still holds it
  }
  start_what_may();
}

void resolver::start_what_may() noexcept {
  while (!waiting_.empty() && awaited_ < limits_.width && running_ < limits_.most_threads) {
    question& q = *waiting_.front();
    waiting_.pop_front();
    start(q);
  }
}

void resolver::start(question& q) noexcept {
  sys::thread_handle t;
  q.runs = true;
  running_++;
  awaited_++;
  int error = sys::start_thread(t, body, &q);
  if (error == 0) return sys::detach_thread(t);
  running_--;
  awaited_--;
  q.result = {{}, EAI_SYSTEM, error};
  q.answered.set();
  open_.erase(q.host);  // whoever asks holds it
}

// The table holds the question until it is settled.
void* resolver::body(void* p) {
  question& q = *static_cast<question*>(p);
  try {
    q.result = q.of.look_up_(q.host);
  } catch (...) {
    q.result = {{}, EAI_MEMORY, 0};
  }
  q.of.settle(q);
  return nullptr;
}

void resolver::settle(question& q) noexcept {
  question_ptr mine;  // goes without the lock
  std::unique_lock held(lock_);
  auto found = open_.find(q.host);
  mine = std::move(found->second);
  open_.erase(found);
  running_--;
  if (q.askers > 0) awaited_--;
  start_what_may();
  q.answered.set();
  if (running_ == 0) none_runs_.notify_all();
}

// A forked child has a copy of the table, and none of the threads.
void resolver::forget_the_parent_s() noexcept {
  pid_t us = sys::process_id();
  if (std::exchange(process_, us) == us) return;
  open_.clear();
  waiting_.clear();
  running_ = awaited_ = 0;
}

}  // namespace kettle::inline KETTLE_ABI
