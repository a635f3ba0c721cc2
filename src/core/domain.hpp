#pragma once
// The homes that work on one run: one clock, and one count of homes that may still do something.
//
// A home counts as busy unless it sleeps with nothing that could wake it but mail from a home of
// its own domain. Work handed to another thread is counted by the giver before it is published
// (`work_begins`), so the count never dips to zero while something is on its way. The last busy
// home to sleep decides: virtual time jumps to the earliest timer or network event; with none there
// is a deadlock, and the root home is told.
//
// A job that no thread has begun yet is counted apart, in its queue's backlog. It keeps time from
// moving as long as a thread of its queue is free for it; when all of them are at work for this
// run, and asleep, only the clock can bring one back.
//
// Some waits may be ended by any thread of the process (`open_waits`). If nothing else is left, it
// is a deadlock only if the process has no other thread, and no signal handler, that could; which
// is asked of the kernel, and so not before nothing has happened for a while.
//
// Virtual time moves only when all sleep, so code whose waits are always ready would stop it for
// ever. Who goes on for millions of turns while others wait for the clock is told so.
//
// Threads: the counts are atomic; the lists and the virtual clock are under the lock.

#include <kettle/base/atomic.hpp>
#include <kettle/base/clock.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/base/intrusive_list.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/core/mail.hpp>

#include "core/companions.hpp"

#include <cstdint>
#include <forward_list>

namespace kettle::inline KETTLE_ABI {

class home;
class job_queue;

// A clock that stands still until the domain moves it, and the events (an in-memory network's) that
// hang on it.
class virtual_world {
 public:
  virtual ~virtual_world() = default;
  virtual time_point now() noexcept = 0;
  virtual time_point next_event() noexcept = 0;        // never: nothing is on its way
  virtual void advance_to(time_point t) noexcept = 0;  // delivers what was due by then
};

// The jobs of one run that lie in one queue. With none it may be taken for another queue.
struct backlog {
  const job_queue* queue = nullptr;
  std::uint32_t width = 0;        // the queue's threads
  atomic<std::uint32_t> jobs{0};  // grows under the domain's lock only
};

class domain {
 public:
  explicit domain(virtual_world* world = nullptr, home* root = nullptr) noexcept;
  domain(const domain&) = delete;
  domain& operator=(const domain&) = delete;

  static domain& outside() noexcept;  // plain threads: real time, no deadlock check (anybody might
                                      // wake them)

  virtual_world* world() const noexcept { return world_; }
  time_point now() noexcept;

  void work_begins() noexcept { busy_.fetch_add(1, relaxed); }
  void work_ends() noexcept;  // may find that nobody is busy
  // A job goes into that queue, and leaves it for a thread of its own or to be ended.
  backlog* job_waits(const job_queue& queue);
  void job_begins(backlog* from) noexcept;

  void add(home& h) noexcept;
  void remove(home& h) noexcept;
  companion_set companions;  // the run's lane and pool: ended before the rest of the domain
  // Mail for the root home when everybody sleeps for ever, and when somebody never sleeps though
  // others wait for virtual time; each is delivered there at most once at a time.
  void on_deadlock(mail* m) noexcept { deadlock_ = m; }
  void on_standstill(mail* m) noexcept { standstill_ = m; }
  // Under virtual time: a home has used up a turn's budget and goes on.
  void turn_passes() noexcept {
    if (turns_.fetch_add(1, relaxed) + 1 == turns_of_a_standstill) time_stands_still();
  }

 private:
  friend class home;
  void falls_asleep() noexcept { work_ends(); }
  void is_woken() noexcept { work_begins(); }  // called by the waker, before the wake call
  // A home has slept for as long as one must before outsiders are looked for. relaxed: a hint.
  void nothing_happened() noexcept { quiet_.store(true, relaxed); }
  // A second or so; sanitizers make a turn take many times as long.
  static constexpr std::uint32_t turns_of_a_standstill = 1 << (KETTLE_SANITIZED ? 14 : 19);
  void nobody_is_busy() noexcept;
  void time_stands_still() noexcept;
  time_point next_event() const noexcept;
  bool is_judged() noexcept;
  bool has_free_thread(const backlog& b) const noexcept;

  virtual_world* world_;
  home* root_;
  atomic<std::int64_t> busy_{0};
  atomic<bool> quiet_{false};
  atomic<std::uint32_t> turns_{0};  // since virtual time moved
  spin_lock lock_;
  detail::intrusive_list<home> homes_;
  std::uint32_t home_count_ = 0;
  std::forward_list<backlog> backlogs_;
  mail* deadlock_ = nullptr;
  mail* standstill_ = nullptr;
};

}  // namespace kettle::inline KETTLE_ABI
