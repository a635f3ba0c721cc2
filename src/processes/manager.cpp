// The manager thread of a process_engine.

#include "processes/engine.hpp"

#include "core/home.hpp"
#include "processes/error_codec.hpp"
#include "sys/futex.hpp"
#include "sys/packet.hpp"
#include "sys/process.hpp"

#include <algorithm>
#include <cstring>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr int most_failures = 3;
constexpr auto idle_limit = std::chrono::seconds(1);
// So many at once, with so many still to come, come faster than one could be woken for each.
constexpr std::size_t crowd = 16;
constexpr auto nap = std::chrono::microseconds(50);
constexpr std::size_t most_at_once = std::size_t(256) << 10;  // bytes of answers
constexpr auto shortest_pause = std::chrono::milliseconds(10);

// Its death is on its way already; until then it might still claim a task.
void wait_until_gone(pid_t pid) noexcept {
  if (pid <= 0) return;
  sys::unique_fd process = sys::pidfd_open(pid);
  if (!process) return;
  pollfd one{process.get(), POLLIN, 0};
  sys::wait_any(&one, 1, after(sys::monotonic_now(), std::chrono::milliseconds(100)));
}

}  // namespace

void* process_engine::manage(void* self) {
  sys::name_process("kettle-pool");  // this thread
  auto& mine = *static_cast<process_engine*>(self);
  // The ends of tasks are told from here: nothing in what they call may wait, least of all for
  // another task of ours.
  home& here = home::here();
  tls.current = &here.callback();
  mine.run_manager();
  tls.current = &here.thread();
  if (mine.alone_) {
    sys::detach_thread(mine.manager_);
    delete &mine;
  }
  return nullptr;
}

void process_engine::run_manager() noexcept {
  for (;;) {
    look_at_phases();
    kill_late();
    end_unfit();
    start_workers();
    std::size_t taken = take_answers();
    if (is_over()) break;
    sleep(taken);
  }
  shut_down();
}

// The thread has a home since somebody's callback needed one: nobody who asks for its tasks shall
// wait for it while it sleeps here.
static void rests(bool on) noexcept {
  if (!tls.at) return;
  tls.at->face().rests(on);
  if (on && tls.at->face().is_asked()) tls.at->take_mail();
}

// Until there is something to do; answers that come fast are let gather, so that not each of them
// wakes us.
void process_engine::sleep(std::size_t taken) {
  answer_table& a = memory_.answers();
  time_point until;
  if (taken >= crowd && is_crowded()) {
    until = after(sys::monotonic_now(), nap);
  } else {
    // Says that it sleeps, then looks again: a worker does the opposite. seq_cst on all four.
    a.client_asleep.store(1, seq_cst);
    until = has_answers() ? always : next_time();
  }
  pollfd both[] = {{memory_.bell(), POLLIN, 0}, {server_.orders.get(), POLLIN, 0}};
  rests(true);
  sys::wait_any(both, server_.orders ? 2 : 1, until);
  rests(false);
  a.client_asleep.store(0, seq_cst);
  if (both[0].revents) memory_.take_bell();
  if (both[1].revents) take_reports();
}

bool process_engine::has_answers() const noexcept {
  auto& all = memory_.answers().done_bits;
  return std::any_of(std::begin(all), std::end(all),
                     [](auto& bits) { return bits.load(seq_cst) != 0; });
}

bool process_engine::is_crowded() const noexcept {
  lock l(mutex_);
  return slot_count - free_.size() >= crowd;
}

// How many.
std::size_t process_engine::take_answers() {
  std::vector<std::uint32_t>& slots = arrived_;
  slots.clear();
  for (std::uint32_t word = 0; word < slot_count / 64; word++) {
    auto& bits = memory_.answers().done_bits[word];
    if (bits.load(relaxed) == 0) continue;
    std::uint64_t done = bits.exchange(0, acq_rel);  // acquire: sees the answers
    for (; done; done &= done - 1)
      slots.push_back(word * 64 + std::uint32_t(__builtin_ctzll(done)));
  }
  answers_arrived(slots);
  if (!slots.empty()) failures_ = 0;
  return slots.size();
}

// Many small ones, or one large one, at a time.
void process_engine::answers_arrived(const std::vector<std::uint32_t>& slots) {
  struct answered {
    std::uint32_t slot;
    placed_child_base* child;
    std::size_t size;
  };
  answered some[64];
  for (auto at = slots.begin(); at != slots.end();) {
    std::size_t count = 0, bytes = 0;
    lock l(mutex_);
    for (; at != slots.end() && count < std::size(some) && bytes < most_at_once; ++at) {
      slot_word w = state_of(*at);
      // Else seen already, when its worker died after it or by who waits for it. Nobody else takes
      // a slot that is done.
      if (w.state != slot_state::done || w.generation != slots_[*at].generation ||
          !slots_[*at].child || std::exchange(slots_[*at].arriving, true))
        continue;
      some[count] = {*at, slots_[*at].child, memory_.answers().answers[*at].size};
      bytes += some[count++].size;
    }
    l.unlock();
    for (std::size_t i = 0; i < count; i++) read_answer(some[i].slot, *some[i].child, some[i].size);
    l.lock();
    for (std::size_t i = 0; i < count; i++) take_out(some[i].slot, some[i].size);
    fill();
    idle_since_ = never;
    l.unlock();
    for (std::size_t i = 0; i < count; i++) end(*some[i].child);
  }
}

void process_engine::read_answer(std::uint32_t slot, placed_child_base& c,
                                 std::size_t size) noexcept {
  try {
    const unsigned char* bytes = memory_.answer_room(slot, size);
    if (size > std::size_t(window_bytes)) throw decode_error("the result of a task is too large");
    if (!bytes) throw_io_error(ENOMEM, "map", "the arguments or the result of a task");
    decoder in(bytes, size);
    if (in.raw<std::uint8_t>()) {
      job_of(c).read(in);
      c.ending_ = ending::value;
    } else {
      c.fail(decode_error_of(in));
    }
  } catch (...) {
    c.fail(std::current_exception());
  }
}

void process_engine::take_reports() {
  server_order o;
  int r;
  while ((r = sys::receive_packet(server_.orders.get(), o, false)) == 1) {
    if (o.what == server_order::spawned) {
      lock l(mutex_);
      auto& w = workers_[o.worker];
      if (o.error) {
        w.state = worker_state::absent;
        l.unlock();
        start_failed(std::string("fork: ") + std::strerror(o.error));
      } else {
        w.state = worker_state::alive;
      }
    } else if (o.what == server_order::ended) {
      worker_ended(o);
    }
  }
  if (r != -EAGAIN) server_ended();
}

void process_engine::worker_ended(const server_order& o) {
  take_answers();  // what it had finished
  worker_record& record = memory_.answers().workers[o.worker];
  worker_phase phase = record.phase.load(acquire);
  const std::uint64_t bit = std::uint64_t(1) << o.worker % 64;
  std::vector<placed_child_base*> unrun, dead;
  worker_died::facts facts{.worker = int(o.worker),
                           .pid = o.pid,
                           .signal = o.signal,
                           .exit_code = o.exit_code,
                           .peak_rss_bytes = std::size_t(o.peak_rss_bytes),
                           .cpu = duration(o.cpu_ns)};
  std::vector<std::uint32_t> done;
  auto lose = [&](std::uint32_t slot) {
    memory_.result_is_lost(slot);
    return take_out(slot, 0);
  };
  {
    lock l(mutex_);
    auto& mine = workers_[o.worker];
    mine.state = worker_state::absent;
    mine.start_at = always;
    for (std::uint32_t i = 0; i < slot_count; i++) {
      if (!slots_[i].child) continue;
      slot_word w = state_of(i);
      if (w.worker != o.worker || w.state < slot_state::claimed) continue;
      if (w.state == slot_state::done) {
        done.push_back(i);
      } else if (slots_[i].cancel_asked) {
        unrun.push_back(lose(i));
      } else if (w.state == slot_state::claimed) {
        publish(i);  // it had not begun: another one runs it
      } else {
        facts.task = slots_[i].task;
        dead.push_back(lose(i));
      }
    }
    fill();
    memory_.answers().asleep[o.worker / 64].fetch_and(~bit, seq_cst);
    memory_.answers().spinning[o.worker / 64].fetch_and(~bit, seq_cst);
    // It may have been woken for a task and died instead of taking it.
    if (is_live()) wake(workers_.size());
  }
  answers_arrived(done);
  end_all(unrun);
  // Each its own, and none kept: whoever takes it may be the last to let go of it.
  for (auto* c : dead) c->fail(std::make_exception_ptr(worker_died(facts)));
  end_all(dead);
  if (phase == worker_phase::starting || phase == worker_phase::failed)
    start_failed(phase == worker_phase::failed
                     ? std::string("init: ") + record.why
                     : "a worker ended before it was ready: " +
                           (o.signal ? std::string(::strsignal(o.signal))
                                     : "exit status " + std::to_string(o.exit_code)));
}

// Its workers have died with it.
void process_engine::server_ended() {
  end_server(server_);
  std::vector<server_order> lost;
  {
    lock l(mutex_);
    for (std::uint32_t i = 0; i < workers_.size(); i++) {
      // Also one that was only asked for: it may be at work before we are told that it is there.
      if (workers_[i].state == worker_state::absent) continue;
      // One failure, the server's, is counted below.
      memory_.answers().workers[i].phase.store(worker_phase::ready, relaxed);
      server_order o{.what = server_order::ended, .worker = i, .signal = SIGKILL};
      o.pid = memory_.answers().workers[i].pid.load(relaxed);
      lost.push_back(o);
    }
  }
  for (auto& o : lost) wait_until_gone(o.pid);
  for (auto& o : lost) worker_ended(o);
  start_failed("the fork server has died");
}

void process_engine::look_at_phases() noexcept {
  for (std::size_t i = 0; i < workers_.size() && failures_ > 0; i++)
    if (workers_[i].state == worker_state::alive &&
        memory_.answers().workers[i].phase.load(acquire) == worker_phase::ready)
      failures_ = 0;
  lock l(mutex_);
  if (warm_waiters_.empty() || !is_warm()) return;
  for (wait_point* w : std::exchange(warm_waiters_, {}))
    if (w->grant()) w->granted();
}

// Large arguments and results leave their memory for the next ones, while there are any.
time_point process_engine::give_back_at() noexcept {
  if (is_live() || !memory_.keeps_much()) {
    idle_since_ = never;
    return never;
  }
  time_point now = sys::monotonic_now();
  if (idle_since_ == never) idle_since_ = now;
  time_point at = idle_since_ + idle_limit;
  if (at > now) return at;
  memory_.give_back();
  return never;
}

time_point process_engine::next_time() noexcept {
  lock l(mutex_);
  time_point next = give_back_at();
  for (std::uint32_t i = 0; i < slot_count && timed_ > 0; i++)
    if (slots_[i].child) next = std::min(next, slots_[i].kill_at);
  for (auto& w : workers_)
    if (w.state == worker_state::absent && broken_.empty()) next = std::min(next, w.start_at);
  return next;
}

void process_engine::kill_late() {
  lock l(mutex_);
  if (timed_ == 0) return;
  time_point now = sys::monotonic_now();
  for (std::uint32_t i = 0; i < slot_count; i++) {
    slot_record& s = slots_[i];
    if (!s.child || s.kill_at > now) continue;
    set_kill_time(s, never);
    // The word decides whether it has ended in time: a worker that finds it changed takes no other
    // task, so nothing else is killed.
    std::uint64_t word = memory_.answers().state[i].load(acquire);
    slot_word w;
    do {
      w = slot_word::of(word);
    } while (
        (w.state == slot_state::claimed || w.state == slot_state::started) &&
        !memory_.answers().state[i].compare_exchange_weak(
            word, slot_word{w.generation, w.worker, slot_state::killed}.bits(), acq_rel, acquire));
    if (w.state != slot_state::claimed && w.state != slot_state::started) continue;
    sys::send_packet(server_.orders.get(),
                     server_order{.what = server_order::kill, .worker = w.worker});
  }
}

void process_engine::start_workers() {
  lock l(mutex_);
  if (!broken_.empty() || (closed_ && !is_live())) return;
  bool any = false;
  time_point now = sys::monotonic_now();
  for (auto& w : workers_) any |= w.state == worker_state::absent && w.start_at <= now;
  if (!any) return;
  if (!server_.orders) {
    l.unlock();
    server_process fresh;
    if (!start_server(fresh, memory_, options_.start)) return start_failed("no fork server");
    l.lock();
    server_ = std::move(fresh);
  }
  for (std::uint32_t i = 0; i < workers_.size(); i++) {
    auto& w = workers_[i];
    if (w.state != worker_state::absent || w.start_at > now) continue;
    memory_.answers().workers[i].phase.store(worker_phase::starting, relaxed);
    memory_.answers().workers[i].pid.store(0, relaxed);
    w.state = worker_state::asked;
    sys::send_packet(server_.orders.get(), server_order{.what = server_order::spawn, .worker = i});
  }
}

void process_engine::start_failed(const std::string& why) {
  if (++failures_ >= most_failures) return break_pool(why);
  lock l(mutex_);
  time_point next = after(sys::monotonic_now(), shortest_pause * (1 << failures_));
  for (auto& w : workers_)
    if (w.state == worker_state::absent) w.start_at = next;
}

void process_engine::break_pool(const std::string& why) {
  std::vector<placed_child_base*> all;
  std::vector<wait_point*> waiters;
  {
    lock l(mutex_);
    if (broken_.empty())
      broken_ = "the workers of this pool could not start " + std::to_string(most_failures) +
                " times in a row: " + why;
    for (auto& w : overflow_) {
      leaves(*w.child);
      all.push_back(w.child);
    }
    overflow_.clear();
    for (std::uint32_t i = 0; i < slot_count; i++) {
      if (!slots_[i].child) continue;
      std::uint64_t queued = slot_word{slots_[i].generation, 0, slot_state::queued}.bits();
      if (memory_.answers().state[i].compare_exchange_strong(
              queued, slot_word{slots_[i].generation, 0, slot_state::free}.bits(), acq_rel))
        all.push_back(take_out(i, 0));
    }
    waiters = take_waiters();
  }
  for (auto* c : all) c->fail(std::make_exception_ptr(pool_broken(broken_)));
  end_all(all);
  for (wait_point* w : waiters)
    if (w->grant()) w->granted();
}

void process_engine::end_unfit() noexcept {
  std::vector<placed_child_base*> all;
  {
    lock l(mutex_);
    all.swap(unfit_);
  }
  end_all(all);
}

bool process_engine::is_over() noexcept {
  lock l(mutex_);
  return closed_ && !is_live();
}

void process_engine::shut_down() noexcept {
  request_table& r = memory_.requests();
  r.closing.store(1, release);
  for (std::uint32_t i = 0; i < workers_.size(); i++) {
    r.wake[i].fetch_add(1, release);  // also for one that has looked before, and is about to sleep
    sys::futex_wake_shared(r.wake[i].address());
  }
  time_point limit = after(sys::monotonic_now(), std::chrono::milliseconds(100));
  auto some_left = [&] {
    lock l(mutex_);
    return std::any_of(workers_.begin(), workers_.end(),
                       [](auto& w) { return w.state != worker_state::absent; });
  };
  while (server_.orders && some_left()) {  // they flush what they have printed, and leave
    pollfd one{server_.orders.get(), POLLIN, 0};
    if (sys::wait_any(&one, 1, limit) == 0) break;
    take_reports();
  }
  if (server_.pid > 0) end_server(server_);
  std::vector<wait_point*> closers;
  {
    lock l(mutex_);
    for (auto& w : workers_) w.state = worker_state::absent;
    ended_ = true;
    closers.swap(closers_);
  }
  for (wait_point* w : closers)
    if (w->grant()) w->granted();
}

}  // namespace kettle::inline KETTLE_ABI
