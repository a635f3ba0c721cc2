#include "core/home.hpp"

#include "core/following_scope.hpp"

#include "sys/fork.hpp"
#include "sys/futex.hpp"
#include "sys/stack.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/base/seam.hpp>
#include <kettle/core/place.hpp>
#include <kettle/core/scope.hpp>

#include <algorithm>
#include <cstdlib>

// Defined by the ordinary and by the explored build: a program that has parts of both would have
// threads that do not see each other, and shall not link.
extern "C" {
[[gnu::visibility("hidden")]] extern const char kettle_v0_is_ordinary_or_explored;
const char kettle_v0_is_ordinary_or_explored = kettle::explored_build;
}

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::ptrdiff_t nest_limit_bytes = 1 << 20;
// Looking for outsiders is dear: so long nothing must have happened before, and between two looks.
constexpr duration patience = std::chrono::milliseconds(100);

mail asleep_idle(nullptr), asleep_counted(nullptr);  // sentinels of the inbox word

bool is_sleep(const mail* m) noexcept { return m == &asleep_idle || m == &asleep_counted; }

// Children nest in place down to half of what is left of the stack, 1 MiB at most.
char* nesting_floor() noexcept {
  char* here = static_cast<char*>(__builtin_frame_address(0));
  std::ptrdiff_t left = here - sys::stack_bottom();
  return here - std::min(left / 2, nest_limit_bytes);
}

// exit() ends what the exiting thread keeps in the background, if it is not in the midst of
// something: idle threads and processes. What comes later is ended later.
atomic<bool> exit_watched{false};  // relaxed: std::atexit orders what follows

void at_exit() {
  exit_watched.store(false, relaxed);
  process_exits();
  if (tls.at && tls.at->is_at_rest()) tls.at->end_own_companions();
}

void watch_exit() noexcept {
  if (detail::seam::exploring() || exit_watched.load(relaxed)) return;
  if (!exit_watched.exchange(true, relaxed)) std::atexit(at_exit);
}

}  // namespace

home& home::here() {
  struct of_thread : thread_end {
    of_thread() : thread_end{close, before} {}
    static void close(thread_end& e) noexcept { delete &static_cast<of_thread&>(e); }
    // A thread ends at rest. In the midst of something it is exit() that was called there: nothing
    // of it goes on, and destructors that wait get a home of their own.
    static void before(thread_end& e) noexcept {
      if (!static_cast<of_thread&>(e).mine.is_at_rest()) leave_thread_state();
    }
    home mine;
  };
  if (!tls.at) at_thread_end(*new of_thread);
  return *tls.at;
}

// The child of a fork has this thread only. The home's companions, what it waits for in the kernel
// and who posts to it are the parent's.
void home::leave_in_child() noexcept {
  home* h = tls.at;
  if (!h) return;
  bool at_rest = h->is_at_rest();
  h->face_.leave();  // nobody is asked there any more
  h->ready_head_ = h->ready_tail_ = nullptr;
  h->thread_->woken_ = false;
  h->parents_backend_ = std::move(h->backend_);  // whose memory the kernel shares with the parent
  leave_thread_state();
  tls.former = nullptr;
  tls.worker = nullptr;
  if (!at_rest) here();  // for what the rest of a coroutine may still do before it waits
}

thread_context::thread_context(home& at) noexcept : context(home::thread_kind, at) {}

home::home()
    : domain_(&domain::outside()), base_(*this), callback_(callback_kind, *this), face_(*this) {
  if (!detail::seam::exploring()) {
    static const bool watched = (sys::in_forked_child(leave_in_child), true);
    (void)watched;
    watch_exit();
  }
  tls.current = &base_;
  tls.at = this;
  if (tls.former) queue_ = tls.former->queue_;  // still one of its threads, that may help it
  if (!tls.stack_low) tls.stack_low = nesting_floor();
  tls.budget = turn_budget;
  open_freelist();
  domain_->add(*this);
}

home::~home() {
  face_.leave();
  abandon_held(base_, "a thread");
  abandon_held(callback_, "a callback");
  own_.clear();
  domain_->remove(*this);
  wait_for_posters();
  backend_.reset();
  take_mail();  // requests to scopes that have ended
  detail::text_block::drop(base_.label_);
  tls.current = nullptr;
  tls.at = nullptr;
  tls.stack_low = nullptr;
  close_freelist();
}

void home::resume_thread(context& c) noexcept { static_cast<thread_context&>(c).woken_ = true; }
void home::park_thread(context& c) { c.at_->run_until_woken(static_cast<thread_context&>(c)); }

time_point home::now() noexcept { return domain_->now(); }

backend& home::io() {
  if (!backend_) backend_ = make_backend(backend_kind::automatic, domain_->world());
  return *backend_;
}

void home::check_ours() const noexcept {
  KETTLE_ASSERT(tls.at == this,
                "a forked child goes on in what its parent runs: it may exit, exec, or begin a run "
                "of its own");
}

home::active_root* home::job_of(const context& c) const noexcept {
  const cancel_scope* s = c.scope_;
  while (s && s->parent()) s = s->parent();
  for (active_root* r = active_roots; r; r = r->outer)
    if (&r->scope == s) return r;
  return nullptr;
}

bool home::is_in_nursery() const noexcept {
  for (cancel_scope* s = thread_->scope_; s; s = s->parent())
    if (s->children_of) return true;
  return false;
}

void home::run_until_woken(thread_context& me) {
  while (!me.woken_) {
    context* c = turn_is_over() ? nullptr : pop_ready();
    if (!c) {
      look_around();
      continue;
    }
    spend(cost_of_resume);
    face_.runs(c->label_);
    c->kind_->resume(*c);
  }
  me.woken_ = false;
  tls.current = &me;
  face_.runs(me.label_);
}

void home::look_around() {
  check_ours();
  tls.current = thread_;
  take_mail();
  fire_due();
  published_timer_.store(timers_.next(), release);  // read by the domain, which may move the clock
  if (has_ready()) {
    poll_now();
    if (domain_->world()) domain_->turn_passes();
  } else if (!placed_child_base::help_queued(*thread_)) {
    bool stuck = queue_ && thread_->unfinished > 0 && timers_.empty();
    sleep_until(domain_->world() ? never : timers_.next(), stuck);
  }
  tls.budget = turn_budget;
}

void home::poll_now() {
  if (backend_ && backend_->pending() > 0) backend_->poll(always);
}

void home::take_mail() noexcept {
  if (inbox_.load(relaxed) == nullptr) return;
  mail* newest = inbox_.exchange(nullptr, acquire);
  mail* oldest = nullptr;
  while (newest) {
    mail* m = newest;
    newest = m->mail_next_;
    m->mail_next_ = oldest;
    oldest = m;
  }
  while (oldest) {
    mail* m = oldest;
    oldest = m->mail_next_;
    m->deliver_(*m);
  }
}

void home::run_until(const bool& flag) {
  while (!flag) {
    take_mail();
    if (!flag) sleep_until(never);
  }
}

void home::fire_due() noexcept {
  if (lookout_ && lookout_->when <= sys::monotonic_now()) {
    lookout* l = std::exchange(lookout_, nullptr);
    l->time_has_come(*l);
  }
  if (timers_.empty()) return;
  if constexpr (explored_build)
    if (detail::seam::exploring() && !domain_->world())
      detail::seam::look_at_clock(timers_.next().time_since_epoch().count());
  time_point t = now();
  while (timer* due = timers_.pop_due(t)) due->fire_(*due);
}

void home::sleep_until(time_point until, bool stuck) {
  bool virtual_time = domain_->world() != nullptr;
  bool io = backend_ && backend_->pending() > 0;
  bool counted = !virtual_time && (io || until != never || outside_wakers.load(relaxed) > 0);
  bool patient = !counted && !io && open_waits.load(relaxed) > 0;
  if (patient) until = after(sys::monotonic_now(), patience);
  if (lookout_ && lookout_->when < until) until = lookout_->when, patient = false;
  mail* mine = counted ? &asleep_counted : &asleep_idle;
  in_poll_.store(io, release);  // with the back end, which may have been made just now
  std::uint32_t ticket = futex_.load(relaxed);
  mail* expected = nullptr;
  if (!inbox_.compare_exchange_strong(expected, mine, release)) return;  // mail has come
  stuck = stuck && !io;
  if (stuck && queue_->gets_stuck(*this)) return give_up_awaited(mine);
  if (!counted) domain_->falls_asleep();
  if (io)
    backend_->poll(until);
  else if (sys::futex_wait(futex_.address(), ticket, until) == -ETIMEDOUT && patient)
    domain_->nothing_happened();
  expected = mine;
  if (inbox_.compare_exchange_strong(expected, nullptr, relaxed) && !counted) domain_->is_woken();
  if (stuck) queue_->goes_on(*this);
}

bool home::could_give_up() const noexcept { return placed_child_base::has_queued(*thread_); }

void home::tell_to_give_up() noexcept {
  if (!give_up_note_.posted.exchange(true, acq_rel)) post(give_up_note_);
}

void home::give_up_note::deliver(mail& m) noexcept {
  static_cast<give_up_note&>(m).posted.store(false, release);
  placed_child_base::give_up_awaited(*tls.at->thread_);
}

// All threads of our queue are stuck. We have not been counted as asleep.
void home::give_up_awaited(mail* mine) noexcept {
  mail* expected = mine;
  bool idle = mine == &asleep_idle;
  if (!inbox_.compare_exchange_strong(expected, nullptr, relaxed)) {
    if (idle) domain_->work_ends();  // whose mail has come has counted us in
  } else {
    placed_child_base::give_up_awaited(*thread_);
  }
  queue_->goes_on(*this);
}

// A poster may still be making its wake call, which may have put us in its place on its core.
// acquire: sees what it has told the domain.
void home::wait_for_posters() noexcept {
  sys::spin_until([&] { return posters_.load(acquire) == 0; });
}

void home::wake_up() noexcept {
  if (in_poll_.load(acquire)) {  // perhaps of a later sleep than the one we found
    backend_->wake();
  } else {
    futex_.fetch_add(1, relaxed);  // the kernel orders it against the sleeper's comparison
    sys::futex_wake(futex_.address(), 1);
  }
}

void home::post(mail& m) noexcept {
  posters_.fetch_add(1, relaxed);  // we are alive until the mail is in; this covers the wake call
  mail* head = inbox_.load(relaxed);
  do {
    m.mail_next_ = is_sleep(head) ? nullptr : head;
  } while (!inbox_.compare_exchange_weak(head, &m, acq_rel));
  if (is_sleep(head)) {
    if (head == &asleep_idle) domain_->is_woken();
    wake_up();
  }
  posters_.fetch_sub(1, release);
}

bool home::rouse() noexcept {
  posters_.fetch_add(1, relaxed);
  mail* expected = &asleep_idle;
  bool woken = inbox_.compare_exchange_strong(expected, nullptr, acq_rel);
  if (woken) {
    domain_->is_woken();
    wake_up();
  }
  posters_.fetch_sub(1, release);
  return woken;
}

bool home::asleep() const noexcept { return inbox_.load(acquire) == &asleep_idle; }
bool home::sleeps() const noexcept { return is_sleep(inbox_.load(acquire)); }

void home::enter(domain& d) noexcept {
  former_domain_ = domain_;
  change_domain(d);
}

void home::leave() noexcept { change_domain(*former_domain_); }

void home::change_domain(domain& d) noexcept {
  wait_for_posters();  // whoever woke us may still be about to tell our old domain so
  domain_->remove(*this);
  domain_ = &d;
  domain_->add(*this);
}

companion_set& home::companions() noexcept {
  if (domain_ != &domain::outside()) return domain_->companions;
  if (inherited_) return *inherited_;
  watch_exit();
  return own_;
}

void post(home& to, mail& m) noexcept { to.post(m); }

}  // namespace kettle::inline KETTLE_ABI
